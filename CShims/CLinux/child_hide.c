// Device nodes, masked and read-only paths.
#include "child.h"
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/stat.h>

enum { EMPTY_PATH = 0x1000, RECURSIVE = 0x8000 };  // AT_EMPTY_PATH, AT_RECURSIVE

static long status_of(struct clinux_child *child, int fd, struct statx *status) {
    STEP(child, VERIFY);
    return SYS(statx, fd, "", EMPTY_PATH, STATX_TYPE, status);
}

/// 0 when the descriptor is the character device with this number (as the kernel's dev_t in user space).
static long verify_device(struct clinux_child *child, int fd, uint64_t device) {
    struct statx status;
    long result = status_of(child, fd, &status);
    if (result < 0) return result;
    uint64_t major = (device >> 8 & 0xfff) | (device >> 32 & ~0xfffull), minor = (device & 0xff) | (device >> 12 & ~0xffull);
    int same = (status.stx_mode & S_IFMT) == S_IFCHR && status.stx_rdev_major == major && status.stx_rdev_minor == minor;
    return same ? 0 : -ENXIO;
}

static long clone_mount(struct clinux_child *child, int fd, int flags) {
    STEP(child, OPEN_TREE);
    return SYS(open_tree, fd, "", EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
}

/// A user namespace may not make devices: the host's is bound onto an empty file.
static long bind_node(struct clinux_child *child, const struct clinux_op *op, int parent, const char *name) {
    STEP(child, OPEN_SOURCE);
    long source = clinux_open_at(AT_FDCWD, clinux_string(child, op->s1), O_PATH, 0);
    if (source < 0) return source;
    long result = verify_device(child, (int)source, op->b);
    long mount = result ? result : clone_mount(child, (int)source, 0);
    clinux_close((int)source);
    if (mount < 0) return mount;
    STEP(child, CREATE_TARGET);
    result = SYS(mknodat, parent, name, S_IFREG | 0666, 0);
    if (result == -EEXIST) result = 0;
    long target = result ? result : clinux_open_target(child, op, O_NOFOLLOW, 0);
    if (target >= 0) result = clinux_attach(child, (int)mount, (int)target);
    else result = target;
    clinux_close((int)target);
    clinux_close((int)mount);
    return result;
}

long clinux_make_node(struct clinux_child *child, const struct clinux_op *op) {
    const char *name;
    long parent = clinux_open_parent(child, op, &name);
    if (parent < 0) return parent;
    STEP(child, MKNOD);
    long result = SYS(mknodat, parent, name, op->a, op->b);
    if (result == -EPERM && op->s1) return bind_node(child, op, (int)parent, name);
    if (result != -EEXIST) return result;
    long present = clinux_open_target(child, op, O_NOFOLLOW, 0);
    if (present < 0) return present;
    long verified = verify_device(child, (int)present, op->b);
    clinux_close((int)present);
    STEP(child, MKNOD);
    return verified ? -EEXIST : 0;
}

/// What lies below /proc and /sys must be procfs and sysfs: a mask on a look-alike would hide nothing.
static long open_hidden(struct clinux_child *child, const struct clinux_op *op) {
    const char *path = clinux_string(child, op->s3);
    long magic = clinux_starts(path, "/proc/") ? PROC_SUPER_MAGIC : clinux_starts(path, "/sys/") ? SYSFS_MAGIC : 0;
    long fd = clinux_open_target(child, op, 0, magic ? RESOLVE_NO_SYMLINKS : 0);
    if (fd < 0 || !magic) return fd;
    long result = clinux_verify_type(child, (int)fd, magic);
    if (!result) return fd;
    clinux_detail(child, path);
    clinux_close((int)fd);
    return result;
}

/// The null device of the present view; it must be the real one, for whatever else is bound over the path could be written to.
static long null_device(struct clinux_child *child) {
    if (child->null >= 0) return child->null;
    STEP(child, OPEN_SOURCE);
    long fd = clinux_open_at(AT_FDCWD, "/dev/null", O_PATH | O_NOFOLLOW, 0);
    if (fd < 0) return fd;
    long result = verify_device(child, (int)fd, 1 << 8 | 3);
    if (result) {
        clinux_detail(child, "/dev/null");
        clinux_close((int)fd);
        return result;
    }
    child->null = (int)fd;
    return fd;
}

static long make_empty_directory(struct clinux_child *child) {
    STEP(child, FSOPEN);
    long context = SYS(fsopen, "tmpfs", FSOPEN_CLOEXEC);
    if (context < 0) return context;
    STEP(child, FSCONFIG);
    long result = SYS(fsconfig, context, FSCONFIG_SET_STRING, "nr_inodes", "2", 0);
    if (!result) result = SYS(fsconfig, context, FSCONFIG_SET_STRING, "mode", "0755", 0);
    if (!result) result = SYS(fsconfig, context, FSCONFIG_SET_FLAG, "ro", NULL, 0);
    if (!result) result = SYS(fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    if (!result) {
        STEP(child, FSMOUNT);
        result = SYS(fsmount, context, FSMOUNT_CLOEXEC,
                     MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    }
    clinux_close((int)context);
    return result;
}

/// All masked directories share one empty, read-only tmpfs. The first gets the mount itself: only an attached mount can be cloned
/// by every kernel.
static long cover_directory(struct clinux_child *child, int target) {
    int first = child->empty < 0;
    long mount = first ? make_empty_directory(child) : clone_mount(child, child->empty, 0);
    if (mount < 0) return mount;
    if (first) child->empty = (int)mount;
    long result = clinux_attach(child, (int)mount, target);
    if (!first) clinux_close((int)mount);
    return result;
}

static long cover_file(struct clinux_child *child, int target) {
    long null = null_device(child);
    long mount = null < 0 ? null : clone_mount(child, (int)null, 0);
    if (mount < 0) return mount;
    long result = clinux_attach(child, (int)mount, target);
    clinux_close((int)mount);
    return result;
}

long clinux_mask(struct clinux_child *child, const struct clinux_op *op) {
    long target = open_hidden(child, op);
    if (target == -ENOENT) {
        clinux_detail(child, NULL);
        return 0;
    }
    if (target < 0) return target;
    struct statx status;
    long result = status_of(child, (int)target, &status);
    if (!result)
        result = (status.stx_mode & S_IFMT) == S_IFDIR ? cover_directory(child, (int)target) : cover_file(child, (int)target);
    clinux_close((int)target);
    return result;
}

long clinux_read_only(struct clinux_child *child, const struct clinux_op *op) {
    long target = open_hidden(child, op);
    if (target == -ENOENT) {
        clinux_detail(child, NULL);
        return 0;
    }
    if (target < 0) return target;
    long mount = clone_mount(child, (int)target, RECURSIVE);
    long result = mount;
    if (mount >= 0) {
        struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
        STEP(child, MOUNT_SETATTR);
        result = SYS(mount_setattr, mount, "", EMPTY_PATH | RECURSIVE, &attributes, sizeof attributes);
        if (!result) result = clinux_attach(child, (int)mount, (int)target);
        clinux_close((int)mount);
    }
    clinux_close((int)target);
    return result;
}
