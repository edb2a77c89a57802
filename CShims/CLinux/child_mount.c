// Mounts by descriptor: a target is opened inside the root once, and the mount is moved onto that descriptor.
#include "child.h"
#include <asm/statfs.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/stat.h>

enum { EMPTY_PATH = 0x1000, RECURSIVE = 0x8000 };  // AT_EMPTY_PATH, AT_RECURSIVE

long clinux_attach(struct clinux_child *child, int mount, int target) {
    STEP(child, MOVE_MOUNT);
    clinux_forget_parent(child);
    return SYS(move_mount, mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static long set_attributes(struct clinux_child *child, int mount, int recursive, struct mount_attr *attributes) {
    STEP(child, MOUNT_SETATTR);
    return SYS(mount_setattr, mount, "", EMPTY_PATH | (recursive ? RECURSIVE : 0), attributes, sizeof *attributes);
}

/// Access time is a field of its own values; setting one of them means clearing the field.
static uint64_t with_time_field(uint64_t set, uint64_t clear) {
    return set & (MOUNT_ATTR_NOATIME | MOUNT_ATTR_STRICTATIME) ? clear | MOUNT_ATTR__ATIME : clear;
}

static long open_bind_source(struct clinux_child *child, const struct clinux_op *op) {
    const char *path = clinux_string(child, op->s1), *beneath = clinux_string(child, op->s2);
    STEP(child, OPEN_SOURCE);
    clinux_detail(child, path);
    long start = path ? clinux_open_at(AT_FDCWD, path, O_PATH, 0) : clinux_slot(child, op->slot2);
    if (start < 0 || !beneath) return start;
    clinux_detail(child, beneath);
    long fd = clinux_open_at((int)start, beneath, O_PATH, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
    if (path) clinux_close((int)start);
    return fd;
}

static long clone_source(struct clinux_child *child, const struct clinux_op *op) {
    if (op->flags & CLINUX_OPF_DETACHED) return clinux_slot(child, op->slot2);
    long flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (op->flags & CLINUX_OPF_RECURSIVE ? RECURSIVE : 0);
    if (op->s1 && !op->s2) {
        STEP(child, OPEN_TREE);
        long tree = SYS(open_tree, AT_FDCWD, clinux_string(child, op->s1), flags);
        if (tree < 0) clinux_detail(child, clinux_string(child, op->s1));
        return tree;
    }
    long source = open_bind_source(child, op);
    if (source < 0) return source;
    STEP(child, OPEN_TREE);
    long tree = SYS(open_tree, source, "", flags | EMPTY_PATH);
    if (op->s1 || op->s2) clinux_close((int)source);
    if (tree >= 0) clinux_detail(child, NULL);
    return tree;
}

/// Attributes and owners on the mount (or its submounts too); propagation always goes as deep as the mount does.
static long dress(struct clinux_child *child, const struct clinux_op *op, int mount) {
    uint64_t propagation = op->data ? *(const uint64_t *)(child->base + op->data) : 0;
    int deep = (op->flags & CLINUX_OPF_RECURSIVE) != 0, deep_attributes = (op->flags & CLINUX_OPF_RECURSIVE_ATTRIBUTES) != 0;
    struct mount_attr attributes = {.attr_set = op->a, .attr_clr = with_time_field(op->a, op->b)};
    if (op->slot >= 0) {
        attributes.attr_set |= MOUNT_ATTR_IDMAP;
        attributes.userns_fd = (uint64_t)clinux_slot(child, op->slot);
    }
    if (deep == deep_attributes) attributes.propagation = propagation;
    long result = 0;
    if (attributes.attr_set | attributes.attr_clr | attributes.propagation)
        result = set_attributes(child, mount, deep_attributes, &attributes);
    if (result || !propagation || deep == deep_attributes) return result;
    struct mount_attr change = {.propagation = propagation};
    return set_attributes(child, mount, deep, &change);
}

static long bind_mount(struct clinux_child *child, const struct clinux_op *op) {
    long mount = clone_source(child, op);
    if (mount < 0) return mount;
    long result = dress(child, op, (int)mount);
    if (!result && !op->s3) {
        clinux_fill(child, op->slot2, (int)mount);
        return 0;
    }
    if (!result) {
        long target = clinux_open_target(child, op, 0, 0);
        if (target < 0) result = target;
        else {
            result = clinux_attach(child, (int)mount, (int)target);
            if (result) clinux_detail(child, clinux_string(child, op->s3));
            clinux_close((int)target);
        }
    }
    if (!(op->flags & CLINUX_OPF_DETACHED)) clinux_close((int)mount);
    return result;
}

/// mount_setattr(2) where the old mount(2) with a propagation type would do, since it takes MS_REC as well.
static long set_propagation(struct clinux_child *child, const struct clinux_op *op) {
    const char *path = clinux_string(child, op->s1);
    STEP(child, MOUNT);
    long result = SYS(mount, NULL, path ? path : "/", NULL, op->a, NULL);
    if (result < 0) clinux_detail(child, path);
    if (!result && !path && (op->a & MS_REC)) child->detached_from_host = (op->a & (MS_PRIVATE | MS_SLAVE)) != 0;
    return result;
}

static long enter_root(struct clinux_child *child, const struct clinux_op *op) {
    long fd;
    if (op->s1) {
        STEP(child, OPEN_TARGET);
        fd = clinux_open_at(AT_FDCWD, clinux_string(child, op->s1), O_PATH | O_DIRECTORY, 0);
        if (fd < 0) {
            clinux_detail(child, clinux_string(child, op->s1));
            return fd;
        }
    } else {
        fd = clinux_slot(child, op->slot);
        if (op->flags & CLINUX_OPF_DETACHED) {
            // Over "/": the process still stands below it, until it has pivoted.
            STEP(child, MOVE_MOUNT);
            long moved = SYS(move_mount, fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
            if (moved < 0) return moved;
        }
    }
    clinux_forget_parent(child);
    child->root = (int)fd;
    STEP(child, CHDIR);
    return SYS(fchdir, fd);
}

/// pivot_root(2), "pivot_root(".", ".")": the old root lies over the new one then, and is let go of.
static long pivot(struct clinux_child *child) {
    long root = clinux_container_root(child);
    if (root < 0) return root;
    STEP(child, CHDIR);
    long result = SYS(fchdir, root);
    if (result < 0) return result;
    STEP(child, PIVOT_ROOT);
    result = SYS(pivot_root, ".", ".");
    if (result < 0) return result;
    if (!child->detached_from_host) {
        // Else the host's own mounts would go with the old root.
        STEP(child, MOUNT);
        result = SYS(mount, NULL, ".", NULL, MS_SLAVE | MS_REC, NULL);
        if (result < 0) return result;
    }
    STEP(child, UMOUNT);
    result = SYS(umount2, ".", 2 /* MNT_DETACH */);
    if (result < 0) return result;
    clinux_forget_parent(child);
    clinux_close(child->here);
    child->here = -1;
    STEP(child, CHDIR);
    return SYS(chdir, "/");
}

static long change_root_attributes(struct clinux_child *child, const struct clinux_op *op) {
    struct mount_attr attributes = {.attr_set = op->a, .attr_clr = with_time_field(op->a, op->b)};
    STEP(child, MOUNT_SETATTR);
    return SYS(mount_setattr, AT_FDCWD, "/", 0, &attributes, sizeof attributes);
}

static long make_directory(struct clinux_child *child, const struct clinux_op *op) {
    const char *name;
    long parent = clinux_open_parent(child, op, &name);
    if (parent >= 0) {
        STEP(child, MKDIR);
        long made = SYS(mkdirat, parent, name, op->a);
        if (!made) return 0;
        if (made == -EEXIST) {
            long fd = clinux_open_target(child, op, O_DIRECTORY, 0);
            if (fd >= 0) {
                clinux_close((int)fd);
                return 0;
            }
            STEP(child, MKDIR);
        }
        parent = made;
    }
    clinux_detail(child, clinux_string(child, op->s3));
    return parent;
}

static long make_symlink(struct clinux_child *child, const struct clinux_op *op) {
    const char *name;
    long parent = clinux_open_parent(child, op, &name);
    if (parent < 0) return parent;
    STEP(child, SYMLINK);
    long made = SYS(symlinkat, clinux_string(child, op->s1), parent, name);
    return made == -EEXIST ? 0 : made;
}

long clinux_mount_operation(struct clinux_child *child, const struct clinux_op *op) {
    switch (op->code) {
    case CLINUX_OP_ROOT: return enter_root(child, op);
    case CLINUX_OP_PROPAGATION: return set_propagation(child, op);
    case CLINUX_OP_MOUNT: return clinux_mount(child, op);
    case CLINUX_OP_BIND: return bind_mount(child, op);
    case CLINUX_OP_MKDIR: return make_directory(child, op);
    case CLINUX_OP_MKNOD: return clinux_make_node(child, op);
    case CLINUX_OP_SYMLINK: return make_symlink(child, op);
    case CLINUX_OP_MASK: return clinux_mask(child, op);
    case CLINUX_OP_READONLY: return clinux_read_only(child, op);
    case CLINUX_OP_PIVOT_ROOT: return pivot(child);
    case CLINUX_OP_ROOT_ATTRIBUTES: return change_root_attributes(child, op);
    default: STEP(child, PLAN); return -EINVAL;
    }
}
