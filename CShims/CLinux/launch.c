// Starting a program from a big, multi-threaded process at a flat cost.
#include "include/clinux_calls.h"
#include "clone.h"
#include "syscall.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>

enum { STACK_BYTES = 64 << 10 };

/// Lives in the caller's frame: the child writes its error there.
struct context {
    const struct clinux_launch *launch;
    long error;
};

/// Shares the caller's descriptors until here: copying thousands and closing each at the exec would make the start of a pod dear on a full
/// node. What lies above those that are needed is left out of the copy.
static long take_own_descriptors(const struct clinux_launch *launch) {
    int highest = launch->executable > 2 ? launch->executable : 2;
    for (int index = 0; index < launch->count; index++)
        if (launch->sources[index] > highest) highest = launch->sources[index];
    return SYS(close_range, highest + 1, ~0u, CLOSE_RANGE_UNSHARE);
}

/// Sources may lie on each other's targets, so all are copied above them first.
static long place_descriptors(const struct clinux_launch *launch, int *executable) {
    int highest = 2, copies[CLINUX_LAUNCH_MAX];
    for (int index = 0; index < launch->count; index++)
        if (launch->targets[index] > highest) highest = launch->targets[index];
    for (int index = 0; index < launch->count; index++) {
        copies[index] = (int)SYS(fcntl, launch->sources[index], F_DUPFD_CLOEXEC, highest + 1);
        if (copies[index] < 0) return copies[index];
    }
    *executable = (int)SYS(fcntl, launch->executable, F_DUPFD_CLOEXEC, highest + 1);
    if (*executable < 0) return *executable;
    long null = SYS(openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
    if (null < 0) return null;
    for (int number = 0; number < 3; number++) {
        long placed = null == number ? SYS(fcntl, number, F_SETFD, 0) : SYS(dup3, null, number, 0);
        if (placed < 0) return placed;
    }
    long result = SYS(close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC);
    for (int index = 0; result >= 0 && index < launch->count; index++)
        result = SYS(dup3, copies[index], launch->targets[index], 0);
    return result < 0 ? result : 0;
}

static void reset_signals(void) {
    struct { void *handler; unsigned long flags; void *restorer; uint64_t mask; } action = {0};
    for (int number = 1; number <= 64; number++)
        if (number != SIGKILL && number != SIGSTOP) SYS(rt_sigaction, number, &action, NULL, sizeof action.mask);
    uint64_t none = 0;
    SYS(rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
}

static int child(void *pointer) {
    struct context *context = pointer;
    const struct clinux_launch *launch = context->launch;
    int executable = -1;
    SYS(setsid);
    context->error = take_own_descriptors(launch);
    if (!context->error) context->error = place_descriptors(launch, &executable);
    if (!context->error) {
        reset_signals();
        context->error = SYS(execveat, executable, "", launch->arguments, launch->environment, 0x1000 /* AT_EMPTY_PATH */);
    }
    SYS(exit_group, 127);
    __builtin_unreachable();
}

static long clone_with_stack(struct context *context, int *pidfd) {
    long stack = SYS(mmap, NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack < 0 && stack > -4096) return stack;
    int cgroup = context->launch->cgroup;
    struct clone_args arguments = {
        .flags = CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_PIDFD | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0), .pidfd = (uintptr_t)pidfd,
        .exit_signal = SIGCHLD, .stack = (uint64_t)stack, .stack_size = STACK_BYTES, .cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0};
    uint64_t all = ~0ull, before;
    SYS(rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
    long pid = clinux_clone_on_stack(&arguments, child, context);
    SYS(rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
    SYS(munmap, stack, STACK_BYTES);
    return pid;
}

pid_t clinux_launch(const struct clinux_launch *launch, int *pidfd) {
    if (launch->count < 0 || launch->count > CLINUX_LAUNCH_MAX) {
        errno = EINVAL;
        return -1;
    }
    struct context context = {.launch = launch};
    long pid = clone_with_stack(&context, pidfd);
    if (pid > 0 && context.error) {
        int ignored;
        clinux_wait(*pidfd, 0, &ignored);
        SYS(close, *pidfd);
        pid = context.error;
    }
    if (pid > 0) return (pid_t)pid;
    errno = (int)-pid;
    return -1;
}
