// The end of a plan: the program, or the minimal init.
#include "child.h"
#include <linux/prctl.h>
#include <linux/wait.h>
#include <signal.h>

/// Everything but the report pipe, so that no path (/proc/self/fd/N/…) leads out of the container through a descriptor.
void clinux_close_all(struct clinux_child *child) {
    unsigned pipe = (unsigned)child->pipe;
    if (pipe > 3) SYS(close_range, 3, pipe - 1, 0);
    SYS(close_range, pipe + 1, ~0u, 0);
    for (int slot = 0; slot < CLINUX_PLAN_MAX_SLOTS; slot++) child->slots[slot] = -1;
    child->root = child->here = child->null = child->empty = child->parent = -1;
}

static void unblock_signals(void) {
    uint64_t none = 0;
    SYS(rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
}

/// The offsets of the table become pointers in the room that the parent made.
static const char **pointers(struct clinux_child *child, const uint32_t *offsets, uint32_t count, const char **room) {
    for (uint32_t index = 0; index < count; index++) room[index] = child->base + offsets[index];
    room[count] = NULL;
    return room;
}

/// Which errors let execvp(3) try the next directory of PATH.
static int goes_on(long error) {
    return error == -ENOENT || error == -ENOTDIR || error == -ESTALE || error == -ENODEV || error == -ETIMEDOUT;
}

long clinux_exec(struct clinux_child *child, const struct clinux_op *op) {
    const uint32_t *table = (const void *)(child->base + op->data);
    uint32_t argument_count = table[0], environment_count = table[1], candidates = table[2];
    const char **arguments = pointers(child, table + 3, argument_count, child->pointers);
    const char **environment =
        pointers(child, table + 3 + argument_count, environment_count, child->pointers + argument_count + 1);
    const uint32_t *paths = table + 3 + argument_count + environment_count;

    clinux_close_all(child);
    SYS(umask, child->umask_chosen);
    STEP(child, EXEC);
    clinux_child_send(child, CLINUX_REPORT_READY);
    unblock_signals();
    long denied = 0, last = -ENOENT;
    uint32_t named = 0;
    for (uint32_t index = 0; index < candidates; index++) {
        last = SYS(execve, child->base + paths[index], arguments, environment);
        if (last == -EACCES && !denied) denied = last, named = index;
        if (last == -EACCES || goes_on(last)) continue;
        named = index;
        break;
    }
    if (denied && (last == -EACCES || goes_on(last))) last = denied;
    if (candidates) clinux_detail(child, child->base + paths[named]);
    return last;
}

/// Waits for every orphan; SIGTERM and SIGINT, which are blocked and so reach even pid 1, end it and with it the namespace.
void clinux_init(struct clinux_child *child) {
    clinux_close_all(child);
    SYS(chdir, "/");
    SYS(umask, child->umask_chosen);
    SYS(prctl, PR_SET_NAME, "init", 0, 0, 0);
    clinux_child_send(child, CLINUX_REPORT_READY);
    SYS(close_range, 0, ~0u, 0);
    uint64_t wanted = 1ull << (SIGCHLD - 1) | 1ull << (SIGTERM - 1) | 1ull << (SIGINT - 1);
    for (;;) {
        long number = SYS(rt_sigtimedwait, &wanted, NULL, NULL, sizeof wanted);
        if (number == SIGTERM || number == SIGINT) SYS(exit_group, 0);
        while (SYS(wait4, -1, NULL, WNOHANG, NULL) > 0) {}
    }
}
