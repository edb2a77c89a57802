/* Becomes root of a user namespace of its own, where it has every capability, and from there reaches for what needs them. One line for each
 * success. Only a seccomp filter forbids the first step: for the kernel's own sake, as many of its holes are behind it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static void succeeded(const char *what) { printf("SUCCEEDED: %s\n", what); }

int main(void) {
    if (syscall(SYS_unshare, CLONE_NEWUSER) == 0) succeeded("unshare user namespace");
    if (unshare(CLONE_NEWNS) == 0) succeeded("unshare mount namespace");
    if (unshare(CLONE_NEWNET) == 0) succeeded("unshare network namespace");
    if (mount("tmpfs", "/tmp", "tmpfs", 0, NULL) == 0) succeeded("mount tmpfs");
    /* A proc of its own would have none of the masks. The kernel refuses it as long as the present one has any. */
    if (mount("proc", "/tmp", "proc", 0, NULL) == 0) succeeded("mount proc");
    if (umount2("/proc/kcore", MNT_DETACH) == 0) succeeded("umount /proc/kcore");
    if (syscall(SYS_add_key, "user", "swiftlet", "x", 1, -3) >= 0) succeeded("add_key");
    if (syscall(SYS_userfaultfd, 0) >= 0) succeeded("userfaultfd");
    struct { unsigned size; unsigned flags; } how = {0};
    if (syscall(SYS_io_uring_setup, 1, &how) >= 0) succeeded("io_uring_setup");
    puts("tried everything");
    return 0;
}
