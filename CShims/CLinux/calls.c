#include "include/clinux_calls.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }
int clinux_memfd(const char *name, unsigned flags) { return memfd_create(name, flags); }
int clinux_duplicate_onto(int fd, int number) { return dup3(fd, number, O_CLOEXEC); }
int clinux_seal(int fd, int seals) { return fcntl(fd, F_ADD_SEALS, seals); }
int clinux_seals(int fd) { return fcntl(fd, F_GET_SEALS); }
int clinux_unshare(int namespaces) { return unshare(namespaces); }
int clinux_setns(int fd, int namespaces) { return setns(fd, namespaces); }
int clinux_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }
int clinux_limit_heaps(int count) { return mallopt(M_ARENA_MAX, count); }
int clinux_pidfd_send_signal(int pidfd, int signal) { return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0); }
int clinux_open_tree(int directory, const char *path, unsigned flags) {
    return (int)syscall(SYS_open_tree, directory, path, flags | OPEN_TREE_CLOEXEC);
}
int clinux_mount_setattr(int fd, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation, int user_namespace) {
    struct mount_attr attributes = {.attr_set = set, .attr_clr = clear, .propagation = propagation};
    if (user_namespace >= 0) {
        attributes.attr_set |= MOUNT_ATTR_IDMAP;
        attributes.userns_fd = (uint64_t)user_namespace;
    }
    return (int)syscall(SYS_mount_setattr, fd, "", flags | AT_EMPTY_PATH, &attributes, sizeof attributes);
}
int clinux_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags) {
    return (int)syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}
int clinux_fsopen(const char *type) { return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC); }
int clinux_fsconfig_string(int context, const char *key, const char *value) {
    return (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value, 0);
}
int clinux_fsconfig_create(int context) { return (int)syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0); }
int clinux_fsmount(int context, uint64_t attributes) { return (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, (unsigned)attributes); }
int clinux_renameat2(int from, const char *old, int to, const char *renamed, unsigned flags) {
    return renameat2(from, old, to, renamed, flags);
}
int clinux_accept(int socket) { return accept4(socket, NULL, NULL, SOCK_CLOEXEC); }

int clinux_wait(int pidfd, int options, int *code) {
    siginfo_t info = {0};
    if (waitid(P_PIDFD, (id_t)pidfd, &info, options | WEXITED)) return -1;
    if (!info.si_pid) return 0;
    *code = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
    return 1;
}

enum { FDS_MAX = 253 };  // SCM_MAX_FD

ssize_t clinux_send(int socket, const void *bytes, size_t count, const int *fds, int fd_count, int flags) {
    if (fd_count < 0 || fd_count > FDS_MAX) {
        errno = EINVAL;
        return -1;
    }
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
    } control;
    struct iovec vector = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (fd_count) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        control.head.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(&control.head), fds, fd_count * sizeof(int));
    }
    return sendmsg(socket, &message, flags | MSG_NOSIGNAL);
}

/// Moves the descriptors of all control messages to `fds`; those without room are closed.
static int take_descriptors(struct msghdr *message, int *fds, int room, int *dropped) {
    int taken = 0;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < count; index++) {
            int fd;
            memcpy(&fd, CMSG_DATA(head) + index * sizeof(int), sizeof fd);
            if (taken < room) {
                fds[taken++] = fd;
            } else {
                close(fd);
                *dropped = 1;
            }
        }
    }
    return taken;
}

ssize_t clinux_receive(int socket, void *bytes, size_t count, int *fds, int *fd_count, int flags, int *truncated) {
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
    } control;
    struct iovec vector = {.iov_base = bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    if (got < 0) return got;
    *truncated = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    *fd_count = take_descriptors(&message, fds, *fd_count, truncated);
    return got;
}
