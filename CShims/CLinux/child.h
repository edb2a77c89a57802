/// The cloned child on its way through a plan. Private to the files child*.c and spawn.c.
///
/// Operations return 0 or -errno; before each system call that can fail they set `step`, so that the report names it.
#pragma once
#include "include/clinux_plan.h"
#include "syscall.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stddef.h>

enum { CLINUX_ADJUSTED_MAX = 8, CLINUX_PATH_MAX = 4096 };

enum clinux_report_kind { CLINUX_REPORT_READY = 1, CLINUX_REPORT_FAILED, CLINUX_REPORT_FORKED };

/// One message of the report pipe; smaller than PIPE_BUF, so it arrives whole.
struct clinux_report {
    int32_t kind;                 ///< enum clinux_report_kind
    int32_t pid;                  ///< FORKED
    int32_t step, op, error;      ///< FAILED
    int32_t adjusted;
    int32_t adjusted_ops[CLINUX_ADJUSTED_MAX];
    int32_t adjusted_errors[CLINUX_ADJUSTED_MAX];
    char detail[256];
};

struct clinux_child {
    const char *base;             ///< the plan
    const struct clinux_op *ops;
    uint32_t op_count;
    const char **pointers;        ///< room for argv and envp
    int slots[CLINUX_PLAN_MAX_SLOTS];
    int pipe;                     ///< write end of the report pipe
    int root;                     ///< the new root, -1 before CLINUX_OP_ROOT
    int here;                     ///< "/" of the present view, -1 until needed
    int null;                     ///< the verified null device, -1 until needed
    int empty;                    ///< a detached empty read-only tmpfs, -1 until needed
    int parent;                   ///< directory of the last created entry, -1 none: most entries of /dev come in a row
    const char *parent_path;
    size_t parent_length;
    int detached_from_host;       ///< mounts below "/" propagate to nobody
    int umask_chosen;
    struct clinux_report report;
};

#define STEP(child, name) ((child)->report.step = CLINUX_STEP_##name)

static inline const char *clinux_string(const struct clinux_child *child, uint32_t offset) {
    return offset ? child->base + offset : NULL;
}
static inline int clinux_slot(const struct clinux_child *child, int32_t slot) {
    return slot < 0 ? -1 : child->slots[slot];
}
static inline void clinux_close(int fd) {
    if (fd >= 0) SYS(close, fd);
}
static inline int clinux_starts(const char *text, const char *prefix) {
    while (*prefix)
        if (*text++ != *prefix++) return 0;
    return 1;
}

// child.c
void clinux_child_run(struct clinux_child *child) __attribute__((noreturn));
void clinux_detail(struct clinux_child *child, const char *text);
void clinux_adjusted(struct clinux_child *child, int error);
void clinux_child_send(struct clinux_child *child, int kind);
/// Takes the place of a slot's descriptor, closing the one that was there.
void clinux_fill(struct clinux_child *child, int32_t slot, int fd);

// child_identity.c, child_exec.c
long clinux_identity(struct clinux_child *child, const struct clinux_op *op);
long clinux_exec(struct clinux_child *child, const struct clinux_op *op);
void clinux_init(struct clinux_child *child) __attribute__((noreturn));
void clinux_close_all(struct clinux_child *child);

// child_path.c: descriptors are O_PATH and close-on-exec.
/// openat2(2), repeated when a rename elsewhere disturbed it.
long clinux_open_at(int directory, const char *path, uint64_t flags, uint64_t resolve);
/// Opens the target of an operation, making it when its flags say so. `flags`, `resolve`: in addition.
long clinux_open_target(struct clinux_child *child, const struct clinux_op *op, uint64_t flags, uint64_t resolve);
/// Opens (and makes) the directory that an operation's target is to be made in; *name is the last component.
/// The descriptor stays the child's.
long clinux_open_parent(struct clinux_child *child, const struct clinux_op *op, const char **name);
/// Makes the directory `path` and its parents below `root`, following symlinks inside it; returns its descriptor.
long clinux_make_directories(int root, const char *path, unsigned mode);
void clinux_forget_parent(struct clinux_child *child);
/// The directory that paths of the container start at.
long clinux_container_root(struct clinux_child *child);
/// Opens a file of procfs (path after "/proc/") for writing, sure that it is one and that nothing is mounted over it.
long clinux_open_proc(struct clinux_child *child, const char *path);
/// 0 when the descriptor lies in a file system of this magic number.
long clinux_verify_type(struct clinux_child *child, int fd, long magic);

// child_mount.c, child_hide.c
long clinux_mount_operation(struct clinux_child *child, const struct clinux_op *op);
long clinux_mount(struct clinux_child *child, const struct clinux_op *op);
long clinux_mask(struct clinux_child *child, const struct clinux_op *op);
long clinux_read_only(struct clinux_child *child, const struct clinux_op *op);
long clinux_make_node(struct clinux_child *child, const struct clinux_op *op);
long clinux_attach(struct clinux_child *child, int mount, int target);
