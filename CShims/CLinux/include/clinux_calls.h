/// System calls that libc's Swift module does not show (GNU extensions, variadic functions) or has no wrapper for.
/// Each returns what the kernel does, or -1 with errno.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int clinux_pipe(int ends[2]);                                   ///< pipe2(2), close-on-exec
int clinux_memfd(const char *name, unsigned flags);             ///< memfd_create(2)
int clinux_duplicate_onto(int fd, int number);                   ///< dup3(2), close-on-exec
int clinux_seal(int fd, int seals);                             ///< fcntl(2) F_ADD_SEALS
int clinux_seals(int fd);                                       ///< fcntl(2) F_GET_SEALS
int clinux_unshare(int namespaces);
int clinux_setns(int fd, int namespaces);
int clinux_pidfd_open(pid_t pid);
int clinux_limit_heaps(int count);                              ///< mallopt(3) M_ARENA_MAX; 1 is success
int clinux_pidfd_send_signal(int pidfd, int signal);
int clinux_open_tree(int directory, const char *path, unsigned flags);
int clinux_mount_setattr(int fd, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation, int user_namespace);
int clinux_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags);
int clinux_fsopen(const char *type);                            ///< fsopen(2), close-on-exec
int clinux_fsconfig_string(int context, const char *key, const char *value);
int clinux_fsconfig_create(int context);
int clinux_fsmount(int context, uint64_t attributes);           ///< fsmount(2), close-on-exec
int clinux_renameat2(int from, const char *old, int to, const char *renamed, unsigned flags);
int clinux_accept(int socket);                                  ///< accept4(2), close-on-exec
/// Waits for a child by pidfd with waitid(2). 1: *code is its exit code, or minus its signal; 0: still running (`options` had WNOHANG).
int clinux_wait(int pidfd, int options, int *code);
/// Sends bytes and descriptors (at most 253) as one message; `flags` of sendmsg(2).
ssize_t clinux_send(int socket, const void *bytes, size_t count, const int *fds, int fd_count, int flags);
/// Receives one message. *fd_count: in, room in `fds`; out, how many came (close-on-exec). *truncated: the message or its descriptors did not fit.
ssize_t clinux_receive(int socket, void *bytes, size_t count, int *fds, int *fd_count, int flags, int *truncated);

/// The child of clinux_launch: which program, with what.
struct clinux_launch {
    int executable;               ///< descriptor of the program (a sealed memfd, or O_PATH)
    char *const *arguments;
    char *const *environment;
    const int *sources;           ///< descriptors of the caller …
    const int *targets;           ///< … and their numbers in the program; all others are closed, 0 to 2 become /dev/null when not named
    int count;                    ///< at most CLINUX_LAUNCH_MAX
    int cgroup;                   ///< directory of the cgroup to be born into, or -1
};
#define CLINUX_LAUNCH_MAX 16

/// Starts a program in a session of its own, with default signal handling, whatever the size and the number of threads of the caller:
/// CLONE_VM | CLONE_VFORK on a stack of its own. Blocks until it has called execve. Returns the pid and a close-on-exec pidfd.
pid_t clinux_launch(const struct clinux_launch *launch, int *pidfd);
