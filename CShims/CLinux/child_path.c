// Paths that an image or a volume may have filled with symlinks.
#include "child.h"
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <asm/statfs.h>

enum { CLINUX_LINKS_MAX = 40 };

long clinux_open_at(int directory, const char *path, uint64_t flags, uint64_t resolve) {
    struct open_how how = {.flags = flags | O_CLOEXEC, .mode = flags & O_CREAT ? 0600 : 0, .resolve = resolve};
    long fd = -EAGAIN;
    // Bounded, because somebody else decides how often something is renamed.
    for (int attempt = 0; attempt < 128 && (fd == -EAGAIN || fd == -EINTR); attempt++)
        fd = SYS(openat2, directory, path, &how, sizeof how);
    return fd;
}

/// Copies `text` to `at`, cut to `room` bytes with the NUL; returns its length, or -ENAMETOOLONG.
static long copy(char *at, const char *text, size_t room) {
    size_t length = 0;
    for (; text[length]; length++) {
        if (length + 1 >= room) return -ENAMETOOLONG;
        at[length] = text[length];
    }
    if (!room) return -ENAMETOOLONG;
    at[length] = 0;
    return (long)length;
}

/// The walk of clinux_make_directories: what is done has no symlink in it.
struct walk {
    int root;
    unsigned mode;
    int links;
    size_t done_length;
    char done[CLINUX_PATH_MAX];
    char rest[CLINUX_PATH_MAX];
};

static long open_done(struct walk *walk, uint64_t flags) {
    return clinux_open_at(walk->root, walk->done_length ? walk->done : ".", flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

/// The content of the symlink goes before what is left to walk.
static long follow(struct walk *walk, int link) {
    if (++walk->links > CLINUX_LINKS_MAX) return -ELOOP;
    char joined[CLINUX_PATH_MAX];
    long length = SYS(readlinkat, link, "", joined, sizeof joined);
    if (length < 0) return length;
    if (length >= (long)sizeof joined - 1) return -ENAMETOOLONG;
    if (joined[0] == '/') walk->done_length = 0, walk->done[0] = 0;
    joined[length++] = '/';
    long tail = copy(joined + length, walk->rest, sizeof joined - (size_t)length);
    if (tail < 0) return tail;
    return copy(walk->rest, joined, sizeof walk->rest) < 0 ? -ENAMETOOLONG : 0;
}

static long make_component(struct walk *walk, const char *name) {
    long parent = open_done(walk, O_PATH | O_DIRECTORY);
    if (parent < 0) return parent;
    long made = SYS(mkdirat, parent, name, walk->mode);
    clinux_close((int)parent);
    return made == -EEXIST ? 0 : made;
}

/// Takes one component that is neither "." nor "..": makes it when absent, follows it when it is a symlink.
static long step_into(struct walk *walk, const char *name) {
    size_t before = walk->done_length;
    if (before + 2 >= sizeof walk->done) return -ENAMETOOLONG;
    walk->done[before] = '/';
    long length = copy(walk->done + before + 1, name, sizeof walk->done - before - 1);
    if (length < 0) return length;
    walk->done_length = before + 1 + (size_t)length;
    long fd = open_done(walk, O_PATH | O_NOFOLLOW);
    if (fd == -ENOENT) {
        walk->done[before] = 0, walk->done_length = before;
        long made = make_component(walk, name);
        if (made < 0) return made;
        walk->done[before] = '/', walk->done_length = before + 1 + (size_t)length;
        fd = open_done(walk, O_PATH | O_NOFOLLOW);
    }
    if (fd < 0) return fd;
    struct statx status;
    long result = SYS(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &status);
    if (!result && (status.stx_mode & S_IFMT) == S_IFLNK) {
        walk->done[before] = 0, walk->done_length = before;
        result = follow(walk, (int)fd);
    } else if (!result && (status.stx_mode & S_IFMT) != S_IFDIR) {
        result = -ENOTDIR;
    }
    clinux_close((int)fd);
    return result;
}

/// Cuts the first component off the rest into `name`; an empty one at the end.
static void next_component(struct walk *walk, char *name) {
    size_t from = 0, length = 0;
    while (walk->rest[from] == '/') from++;
    while (walk->rest[from + length] && walk->rest[from + length] != '/') {
        name[length] = walk->rest[from + length];
        length++;
    }
    name[length] = 0;
    from += length;
    for (size_t at = 0;; at++) {
        walk->rest[at] = walk->rest[from + at];
        if (!walk->rest[at]) break;
    }
}

static void step_out(struct walk *walk) {
    while (walk->done_length && walk->done[--walk->done_length] != '/') {}
    walk->done[walk->done_length] = 0;
}

long clinux_make_directories(int root, const char *path, unsigned mode) {
    struct walk walk = {.root = root, .mode = mode};
    char name[CLINUX_PATH_MAX];
    long result = copy(walk.rest, path, sizeof walk.rest);
    while (result >= 0) {
        next_component(&walk, name);
        if (!name[0]) return open_done(&walk, O_PATH | O_DIRECTORY);
        if (name[0] == '.' && !name[1]) continue;
        if (name[0] == '.' && name[1] == '.' && !name[2]) step_out(&walk);
        else result = step_into(&walk, name);
    }
    return result;
}

long clinux_container_root(struct clinux_child *child) {
    if (child->root >= 0) return child->root;
    if (child->here < 0) {
        long fd = clinux_open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
        if (fd < 0) return fd;
        child->here = (int)fd;
    }
    return child->here;
}

/// Targets of the host are those before the root is known, and those that say so.
static long target_root(struct clinux_child *child, const struct clinux_op *op, int *opened) {
    *opened = -1;
    if (!(op->flags & CLINUX_OPF_HOST_TARGET) && child->root >= 0) return child->root;
    // Not kept: what "/" is changes with the namespaces.
    long fd = clinux_open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    *opened = (int)fd;
    return fd;
}

void clinux_forget_parent(struct clinux_child *child) {
    clinux_close(child->parent);
    child->parent = -1;
}

/// Length of the directory part of a path, without trailing slashes; 0 when the parent is the root.
static size_t parent_length(const char *path, const char **name) {
    size_t slash = 0;
    for (size_t at = 0; path[at]; at++)
        if (path[at] == '/' && path[at + 1] && path[at + 1] != '/') slash = at;
    *name = path[slash] == '/' ? path + slash + 1 : path + slash;
    return slash;
}

static int same_bytes(const char *one, const char *other, size_t length) {
    for (size_t at = 0; at < length; at++)
        if (one[at] != other[at]) return 0;
    return 1;
}

long clinux_open_parent(struct clinux_child *child, const struct clinux_op *op, const char **name) {
    const char *path = clinux_string(child, op->s3);
    size_t length = parent_length(path, name);
    int host = op->flags & CLINUX_OPF_HOST_TARGET;
    if (!host && child->parent >= 0 && child->parent_length == length && same_bytes(child->parent_path, path, length))
        return child->parent;
    STEP(child, OPEN_TARGET);
    int opened;
    long root = target_root(child, op, &opened);
    if (root < 0) return root;
    char directory[CLINUX_PATH_MAX];
    if (length + 2 > sizeof directory) return -ENAMETOOLONG;
    for (size_t at = 0; at < length; at++) directory[at] = path[at];
    if (!length) directory[length++] = '/';
    directory[length] = 0;
    long fd = clinux_open_at((int)root, directory, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    if (fd == -ENOENT) {
        STEP(child, CREATE_TARGET);
        fd = clinux_make_directories((int)root, directory, 0755);
    }
    clinux_close(opened);
    if (fd < 0) return fd;
    clinux_forget_parent(child);
    child->parent = (int)fd;
    child->parent_path = path;
    child->parent_length = host ? (size_t)-1 : parent_length(path, name);
    return fd;
}

/// Makes an empty file for a bind mount to stand on, never through a symlink that leads nowhere.
static long create_file(struct clinux_child *child, const struct clinux_op *op) {
    const char *name;
    long parent = clinux_open_parent(child, op, &name);
    if (parent < 0) return parent;
    STEP(child, CREATE_TARGET);
    long made = SYS(mknodat, parent, name, S_IFREG | 0644, 0);
    return made == -EEXIST ? 0 : made;
}

static long create_target(struct clinux_child *child, const struct clinux_op *op, int root) {
    STEP(child, CREATE_TARGET);
    if (op->flags & CLINUX_OPF_CREATE_FILE) return create_file(child, op);
    long fd = clinux_make_directories(root, clinux_string(child, op->s3), 0755);
    if (fd < 0) return fd;
    clinux_close((int)fd);
    return 0;
}

long clinux_open_target(struct clinux_child *child, const struct clinux_op *op, uint64_t flags, uint64_t resolve) {
    const char *path = clinux_string(child, op->s3);
    int opened;
    STEP(child, OPEN_TARGET);
    long root = target_root(child, op, &opened);
    if (root < 0) return root;
    resolve |= RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    long fd = clinux_open_at((int)root, path, O_PATH | flags, resolve);
    if (fd == -ENOENT && (op->flags & (CLINUX_OPF_CREATE_DIRECTORY | CLINUX_OPF_CREATE_FILE))) {
        long made = create_target(child, op, (int)root);
        if (!made) {
            STEP(child, OPEN_TARGET);
            fd = clinux_open_at((int)root, path, O_PATH | flags, resolve);
        } else {
            fd = made;
        }
    }
    clinux_close(opened);
    if (fd < 0) clinux_detail(child, path);
    return fd;
}

long clinux_verify_type(struct clinux_child *child, int fd, long magic) {
    struct statfs status;
    STEP(child, VERIFY);
    long result = SYS(fstatfs, fd, &status);
    if (result < 0) return result;
    return status.f_type == magic ? 0 : -EXDEV;
}

long clinux_open_proc(struct clinux_child *child, const char *path) {
    long proc = clinux_open_at(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    if (proc < 0) return proc;
    int step = child->report.step;
    long result = clinux_verify_type(child, (int)proc, PROC_SUPER_MAGIC);
    if (!result) {
        child->report.step = step;
        result = clinux_open_at((int)proc, path, O_RDWR, RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
        if (result == -EACCES) // write-only, as some sysctls are
            result = clinux_open_at((int)proc, path, O_WRONLY, RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
    }
    clinux_close((int)proc);
    return result;
}
