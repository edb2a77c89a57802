// The parent's side: clone, then wait until the child has called execve or failed to.
#include "child.h"
#include "clone.h"
#include <linux/poll.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

_Static_assert(sizeof(struct clinux_plan) == 40, "the layout is a contract with plans from elsewhere");
_Static_assert(sizeof(struct clinux_op) == 48, "the layout is a contract with plans from elsewhere");

enum { STACK_POINTERS = 2048, DIED_WAIT_MILLISECONDS = 50, CHILD_STACK_BYTES = 256 << 10 };

static int fail(struct clinux_spawned *result, int step, long error) {
    result->step = step;
    result->error = (int32_t)-error;
    return -1;
}

static const struct clinux_op *last_operation(const struct clinux_plan *plan) {
    return (const struct clinux_op *)(plan + 1) + plan->op_count - 1;
}

/// Places for argv and envp, each with its NULL.
static size_t pointer_count(const struct clinux_plan *plan) {
    const struct clinux_op *op = last_operation(plan);
    if (op->code != CLINUX_OP_EXEC) return 0;
    const uint32_t *table = (const void *)((const char *)plan + op->data);
    return (size_t)table[0] + table[1] + 2;
}

/// A pipe whose ends are above 2, so that CLINUX_OP_DUP cannot hit them.
static long make_pipe(int ends[2]) {
    long result = SYS(pipe2, ends, O_CLOEXEC);
    for (int end = 0; !result && end < 2; end++) {
        if (ends[end] > 2) continue;
        long moved = SYS(fcntl, ends[end], F_DUPFD_CLOEXEC, 3);
        clinux_close(ends[end]);
        if (moved >= 0) {
            ends[end] = (int)moved;
            continue;
        }
        clinux_close(ends[1 - end]);
        result = moved;
    }
    return result;
}

/// Around the clone the caller's children are born in another pid namespace.
static long enter_pid_namespace(int fd, int *own) {
    long pidfd = SYS(pidfd_open, SYS(getpid), 0);
    if (pidfd < 0) return pidfd;
    long result = SYS(setns, fd, CLONE_NEWPID);
    if (result < 0) clinux_close((int)pidfd);
    else *own = (int)pidfd;
    return result;
}

static long leave_pid_namespace(int own) {
    long result = own < 0 ? 0 : SYS(setns, own, CLONE_NEWPID);
    clinux_close(own);
    return result;
}

/// Whether an operation may be walked by a child that shares the caller's memory. Not where the memory could become visible to a pod's
/// user namespace, nor where the child clones again or calls into libc.
static int keeps_apart(const struct clinux_op *op) {
    const uint64_t revealing = CLONE_NEWUSER | CLONE_NEWTIME;
    if (op->code == CLINUX_OP_SETNS || op->code == CLINUX_OP_UNSHARE) return !(op->a & revealing);
    return op->code != CLINUX_OP_FORK && op->code != CLINUX_OP_OPEN_PTY && op->code != CLINUX_OP_INIT;
}

/// The caller waits for execve in any case, so it can lend the child its memory: no page tables to copy, no page to fault in twice.
static int shares_memory(const struct clinux_plan *plan) {
    if (plan->clone_flags & (CLONE_NEWUSER | CLONE_NEWTIME)) return 0;
    const struct clinux_op *ops = (const void *)(plan + 1);
    for (uint32_t index = 0; index < plan->op_count; index++)
        if (!keeps_apart(&ops[index])) return 0;
    return 1;
}

static int walk(void *child) {
    clinux_child_run(child);
    return 127;
}

static long clone_lending_memory(struct clinux_child *child, struct clone_args *arguments) {
    long stack = SYS(mmap, NULL, CHILD_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack < 0 && stack > -4096) return stack;
    arguments->flags |= CLONE_VM | CLONE_VFORK;
    arguments->stack = (uint64_t)stack;
    arguments->stack_size = CHILD_STACK_BYTES;
    long pid = clinux_clone_on_stack(arguments, walk, child);
    SYS(munmap, stack, CHILD_STACK_BYTES);
    return pid;
}

static long clone_copying_memory(struct clinux_child *child, struct clone_args *arguments) {
    long pid = SYS(clone3, arguments, sizeof *arguments);
    if (!pid) clinux_child_run(child);
    return pid;
}

/// All signals are blocked over the clone, those of libc too: a handler must not run in the child.
static long clone_child(struct clinux_child *child, int *pidfd) {
    const struct clinux_plan *plan = (const void *)child->base;
    struct clone_args arguments = {
        .flags = plan->clone_flags | CLONE_PIDFD, .pidfd = (uintptr_t)pidfd, .exit_signal = SIGCHLD};
    if (plan->cgroup_slot >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)child->slots[plan->cgroup_slot];
    }
    uint64_t all = ~0ull, before;
    SYS(rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
    // Nobody in a pid namespace that the child is born into may trace what it sees too early, least of all the caller's own memory.
    // This is the whole caller's: one with several threads must not spawn from two at once. The supervisor has one thread.
    long dumpable = SYS(prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
    SYS(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
    long pid = shares_memory(plan) ? clone_lending_memory(child, &arguments) : clone_copying_memory(child, &arguments);
    if (dumpable == 1) SYS(prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
    SYS(rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
    return pid;
}

/// Clones in the caller's or in the wanted pid namespace.
static long start(struct clinux_child *child, int *pidfd, int *step) {
    const struct clinux_plan *plan = (const void *)child->base;
    int own = -1;
    if (plan->pid_ns_slot >= 0) {
        *step = CLINUX_STEP_SETNS;
        long entered = enter_pid_namespace(child->slots[plan->pid_ns_slot], &own);
        if (entered < 0) return entered;
    }
    *step = CLINUX_STEP_CLONE;
    long pid = clone_child(child, pidfd);
    long left = leave_pid_namespace(own);
    if (pid > 0 && left < 0) {
        // Every later child would be born in the wrong place.
        *step = CLINUX_STEP_SETNS;
        SYS(pidfd_send_signal, *pidfd, SIGKILL, NULL, 0);
        SYS(waitid, 3 /* P_PIDFD */, *pidfd, NULL, WEXITED, NULL);
        clinux_close(*pidfd);
        return left;
    }
    return pid;
}

/// What the messages of the pipe say.
struct outcome {
    int ready, failed;
    pid_t second;
};

static void take(const struct clinux_report *report, struct outcome *outcome, struct clinux_spawned *result) {
    if (report->kind == CLINUX_REPORT_FORKED) {
        outcome->second = report->pid;
        return;
    }
    outcome->ready |= report->kind == CLINUX_REPORT_READY;
    outcome->failed |= report->kind == CLINUX_REPORT_FAILED;
    result->op = report->op;
    result->adjusted = report->adjusted;
    memcpy(result->adjusted_ops, report->adjusted_ops, sizeof report->adjusted_ops);
    memcpy(result->adjusted_errors, report->adjusted_errors, sizeof report->adjusted_errors);
    if (!outcome->failed) return;
    result->step = report->step;
    result->error = report->error;
    memcpy(result->detail, report->detail, sizeof result->detail);
    result->detail[sizeof result->detail - 1] = 0;
}

/// Sleeps until the last writer is gone, by exec or exit: no event but the hang-up is asked for, so that a message alone wakes nobody.
static void collect(int pipe, struct outcome *outcome, struct clinux_spawned *result) {
    struct pollfd poll = {.fd = pipe};
    while (SYS(ppoll, &poll, 1, NULL, NULL, 8) == -EINTR) {}
    struct clinux_report report;
    for (;;) {
        long got = SYS(read, pipe, &report, sizeof report);
        if (got == -EINTR) continue;
        if (got != sizeof report) break;
        take(&report, outcome, result);
    }
}

static void put_number(char *at, int number) {
    char digits[12];
    size_t count = 0;
    do digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count) *at++ = digits[--count];
    *at = 0;
}

/// Waits for a child that will never run the program.
static void reap(int pidfd, struct clinux_spawned *result) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    while (SYS(waitid, 3 /* P_PIDFD */, pidfd, &info, WEXITED, NULL) == -EINTR) {}
    clinux_close(pidfd);
    if (result->step != CLINUX_STEP_DIED) return;
    const char *how = info.si_code == CLD_EXITED ? "exited with " : "killed by signal ";
    size_t length = strlen(how);
    memcpy(result->detail, how, length);
    put_number(result->detail + length, info.si_status);
}

/// Neither ready nor failed: killed on the way, or a seccomp filter that forbids write(2) kept it from saying so. A process that dies lets go
/// of its memory before it closes its files, so at the hang-up it has none, whereas execve(2) has given it new memory.
static int is_dead(int pidfd) {
    long released = SYS(process_mrelease, pidfd, 0);
    if (released == -ESRCH) return 1;
    if (released != -ENOSYS) return 0;
    // Before Linux 5.15 there is only time to tell.
    struct pollfd poll = {.fd = pidfd, .events = POLLIN};
    struct { int64_t seconds, nanoseconds; } timeout = {0, DIED_WAIT_MILLISECONDS * 1000000};
    return SYS(ppoll, &poll, 1, &timeout, NULL, 8) == 1;
}

static int settle(long pid, int pidfd, struct outcome *outcome, struct clinux_spawned *result) {
    if (outcome->second) {
        // The first child has ended; the second is ours and not yet waited for, so its number is still its own.
        struct clinux_spawned ignored = {0};
        reap(pidfd, &ignored);
        pid = outcome->second;
        long opened = SYS(pidfd_open, pid, 0);
        if (opened < 0) return fail(result, CLINUX_STEP_CLONE, opened);
        pidfd = (int)opened;
    }
    if (!outcome->failed && !outcome->ready && is_dead(pidfd)) {
        outcome->failed = 1;
        fail(result, CLINUX_STEP_DIED, -ECHILD);
    }
    if (outcome->failed) {
        reap(pidfd, result);
        return -1;
    }
    result->pid = (pid_t)pid;
    result->pidfd = pidfd;
    return 0;
}

static int run(struct clinux_child *child, struct clinux_spawned *result) {
    int ends[2], pidfd = -1, step;
    long made = make_pipe(ends);
    if (made < 0) return fail(result, CLINUX_STEP_PIPE, made);
    child->pipe = ends[1];
    long pid = start(child, &pidfd, &step);
    clinux_close(ends[1]);
    if (pid < 0) {
        clinux_close(ends[0]);
        return fail(result, step, pid);
    }
    struct outcome outcome = {0};
    collect(ends[0], &outcome, result);
    clinux_close(ends[0]);
    return settle(pid, pidfd, &outcome, result);
}

int clinux_spawn(const void *plan, size_t size, const int *fds, int fd_count, struct clinux_spawned *result) {
    memset(result, 0, sizeof *result);
    result->pid = result->pidfd = result->op = -1;
    if (clinux_plan_check(plan, size, fd_count)) return fail(result, CLINUX_STEP_PLAN, -EINVAL);
    const struct clinux_plan *header = plan;
    const char *room[STACK_POINTERS];
    struct clinux_child child = {
        .base = plan, .ops = (const void *)(header + 1), .op_count = header->op_count, .pointers = room,
        .root = -1, .here = -1, .null = -1, .empty = -1, .parent = -1, .umask_chosen = 022};
    for (int slot = 0; slot < CLINUX_PLAN_MAX_SLOTS; slot++) child.slots[slot] = slot < fd_count ? fds[slot] : -1;
    size_t bytes = pointer_count(header) * sizeof *room;
    if (bytes <= sizeof room) return run(&child, result);
    long more = SYS(mmap, NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (more < 0 && more > -4096) return fail(result, CLINUX_STEP_PLAN, more);
    child.pointers = (const char **)more;
    int status = run(&child, result);
    SYS(munmap, more, bytes);
    return status;
}
