// The walk through a plan, and the operations about namespaces and descriptors.
#include "child.h"
#include "clinux_plan_ops.h"
#include <asm/ioctls.h>
#include <linux/close_range.h>
#include <linux/prctl.h>
#include <signal.h>

void clinux_detail(struct clinux_child *child, const char *text) {
    size_t at = 0;
    for (; text && text[at] && at < sizeof child->report.detail - 1; at++) child->report.detail[at] = text[at];
    child->report.detail[at] = 0;
}

void clinux_adjusted(struct clinux_child *child, int error) {
    struct clinux_report *report = &child->report;
    if (report->adjusted < CLINUX_ADJUSTED_MAX) {
        report->adjusted_ops[report->adjusted] = report->op;
        report->adjusted_errors[report->adjusted] = error;
    }
    report->adjusted++;
}

void clinux_child_send(struct clinux_child *child, int kind) {
    child->report.kind = kind;
    while (SYS(write, child->pipe, &child->report, sizeof child->report) == -EINTR) {}
}

void clinux_fill(struct clinux_child *child, int32_t slot, int fd) {
    if (child->slots[slot] != fd) clinux_close(child->slots[slot]);
    child->slots[slot] = fd;
}

/// Out of reach for processes of a pid namespace that the child was born into: not even its /proc/PID/exe can be opened.
static void hide_from_tracers(void) { SYS(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0); }

/// Handlers point into the parent's program, and an ignored signal would stay ignored in the container.
static void reset_signals(void) {
    struct { void *handler; unsigned long flags; void *restorer; uint64_t mask; } action = {0};
    for (int number = 1; number <= 64; number++)
        if (number != SIGKILL && number != SIGSTOP) SYS(rt_sigaction, number, &action, NULL, sizeof action.mask);
}

/// Descriptors of mounts are good in the mount namespace that they were opened in only.
static void change_view(struct clinux_child *child, uint64_t namespaces) {
    if (!(namespaces & CLONE_NEWNS)) return;
    clinux_forget_parent(child);
    clinux_close(child->here);
    clinux_close(child->null);
    child->here = child->null = -1;
}

static long set_namespaces(struct clinux_child *child, const struct clinux_op *op) {
    STEP(child, SETNS);
    long result = SYS(setns, clinux_slot(child, op->slot), op->a);
    change_view(child, op->a);
    // Joining a user namespace makes a process dumpable again.
    if (!result && (op->a & CLONE_NEWUSER)) hide_from_tracers();
    return result;
}

static long fork_again(struct clinux_child *child, const struct clinux_op *op) {
    STEP(child, CLONE);
    struct clone_args arguments = {.flags = op->a | CLONE_PARENT};
    long pid = SYS(clone3, &arguments, sizeof arguments);
    if (!pid) change_view(child, op->a);
    if (pid <= 0) return pid;
    child->report.pid = (int32_t)pid;
    clinux_child_send(child, CLINUX_REPORT_FORKED);
    SYS(exit_group, 0);
    __builtin_unreachable();
}

static long duplicate(struct clinux_child *child, const struct clinux_op *op) {
    STEP(child, DUP);
    // Never the same number: the inputs were moved above 2 first thing.
    long result = SYS(dup3, clinux_slot(child, op->slot), op->a, 0);
    return result < 0 ? result : 0;
}

static long open_slot(struct clinux_child *child, const struct clinux_op *op) {
    STEP(child, OPEN);
    const char *path = clinux_string(child, op->s1);
    int directory = op->slot2 < 0 ? AT_FDCWD : clinux_slot(child, op->slot2);
    long fd = clinux_open_at(directory, path, op->a, op->b);
    if (fd < 0) {
        clinux_detail(child, path);
        return fd;
    }
    clinux_fill(child, op->slot, (int)fd);
    return 0;
}

static long close_slot(struct clinux_child *child, const struct clinux_op *op) {
    clinux_fill(child, op->slot, -1);
    return 0;
}

static long set_name(struct clinux_child *child, const struct clinux_op *op) {
    const char *name = clinux_string(child, op->s1);
    size_t length = 0;
    while (name[length]) length++;
    if (op->code == CLINUX_OP_HOSTNAME) {
        STEP(child, SETHOSTNAME);
        return SYS(sethostname, name, length);
    }
    STEP(child, SETDOMAINNAME);
    return SYS(setdomainname, name, length);
}

static long write_file(struct clinux_child *child, const struct clinux_op *op) {
    const char *path = clinux_string(child, op->s1), *value = clinux_string(child, op->s2);
    size_t length = 0;
    while (value[length]) length++;
    STEP(child, OPEN);
    long fd = clinux_starts(path, "/proc/") ? clinux_open_proc(child, path + 6)
                                            : clinux_open_at(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
    if (fd < 0) return fd;
    STEP(child, WRITE);
    // One write is one command to the kernel; a rest would be another one.
    long written = SYS(write, fd, value, length);
    clinux_close((int)fd);
    return written < 0 ? written : written == (long)length ? 0 : -EIO;
}

static long optional(struct clinux_child *child, const struct clinux_op *op, long result) {
    if (result >= 0 || !(op->flags & CLINUX_OPF_OPTIONAL)) return result;
    clinux_adjusted(child, (int)-result);
    clinux_detail(child, NULL);
    return 0;
}

static long open_terminal(struct clinux_child *child, const struct clinux_op *op) {
    int step = CLINUX_STEP_PTY;
    long result = -clinux_op_open_pty(clinux_slot(child, op->slot), op, &step);
    child->report.step = step;
    return result;
}

static long perform(struct clinux_child *child, const struct clinux_op *op) {
    switch (op->code) {
    case CLINUX_OP_SETNS: return set_namespaces(child, op);
    case CLINUX_OP_UNSHARE: STEP(child, UNSHARE); change_view(child, op->a); return SYS(unshare, op->a);
    case CLINUX_OP_FORK: return fork_again(child, op);
    case CLINUX_OP_SETSID: {
        STEP(child, SETSID);
        long session = SYS(setsid);
        return session < 0 ? session : 0;
    }
    case CLINUX_OP_CONTROLLING_TTY: STEP(child, IOCTL); return SYS(ioctl, clinux_slot(child, op->slot), TIOCSCTTY, 0);
    case CLINUX_OP_OPEN_PTY: return open_terminal(child, op);
    case CLINUX_OP_DUP: return duplicate(child, op);
    case CLINUX_OP_OPEN: return open_slot(child, op);
    case CLINUX_OP_CLOSE: return close_slot(child, op);
    case CLINUX_OP_HOSTNAME:
    case CLINUX_OP_DOMAINNAME: return set_name(child, op);
    case CLINUX_OP_WRITE: return optional(child, op, write_file(child, op));
    case CLINUX_OP_CLOSE_RANGE: clinux_close_all(child); return 0;
    case CLINUX_OP_EXEC: return clinux_exec(child, op);
    case CLINUX_OP_INIT: clinux_init(child);
    default: return op->code < CLINUX_OP_RLIMIT ? clinux_mount_operation(child, op) : clinux_identity(child, op);
    }
}

/// Makes room for descriptors 0, 1 and 2, and lets none of the caller's survive the exec.
static long prepare(struct clinux_child *child, uint32_t inputs) {
    STEP(child, CLOSE_RANGE);
    long result = SYS(close_range, 0, ~0u, CLOSE_RANGE_CLOEXEC);
    if (result < 0) return result;
    STEP(child, DUP);
    for (uint32_t slot = 0; slot < inputs; slot++) {
        if (child->slots[slot] < 0 || child->slots[slot] > 2) continue;
        long copy = SYS(fcntl, child->slots[slot], F_DUPFD_CLOEXEC, 3);
        if (copy < 0) return copy;
        child->slots[slot] = (int)copy;
    }
    return 0;
}

void clinux_child_run(struct clinux_child *child) {
    const struct clinux_plan *plan = (const void *)child->base;
    hide_from_tracers();
    reset_signals();
    SYS(umask, 0);
    child->report.op = -1;
    long result = prepare(child, plan->input_slots);
    for (uint32_t index = 0; !result && index < child->op_count; index++) {
        child->report.op = (int32_t)index;
        child->report.detail[0] = 0;
        result = perform(child, &child->ops[index]);
    }
    child->report.error = (int32_t)-result;
    clinux_child_send(child, CLINUX_REPORT_FAILED);
    SYS(exit_group, 127);
    __builtin_unreachable();
}
