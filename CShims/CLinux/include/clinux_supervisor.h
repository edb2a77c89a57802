/// The system calls of the pod supervisor, for Embedded Swift, which sees neither errno, variadic functions nor unions.
///
/// Every function returns a value >= 0, or -errno. EINTR never comes out of the ones that can be repeated.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// struct pollfd of poll(2).
struct sv_poll {
    int32_t fd;
    int16_t events, revents;
};
enum { SV_POLLIN = 1, SV_POLLOUT = 4, SV_POLLERR = 8, SV_POLLHUP = 16, SV_POLLNVAL = 32 };

/// Errors the supervisor tells apart.
enum {
    SV_EPERM = 1, SV_ENOENT = 2, SV_ESRCH = 3, SV_EIO = 5, SV_EAGAIN = 11, SV_EBUSY = 16, SV_EEXIST = 17, SV_EINVAL = 22, SV_ENOSPC = 28,
    SV_EPIPE = 32, SV_EPROTO = 71, SV_EMSGSIZE = 90, SV_EOPNOTSUPP = 95, SV_ETIMEDOUT = 110,
};

// Descriptors and bytes
long sv_read(int fd, void *buffer, size_t size);
long sv_pread(int fd, void *buffer, size_t size, uint64_t offset);
long sv_write(int fd, const void *bytes, size_t size);
int sv_close(int fd);
int sv_pipe(int *read_end, int *write_end);               ///< close-on-exec
int sv_pipe_size(int fd, int bytes);                      ///< F_SETPIPE_SZ
int sv_nonblocking(int fd);                               ///< sets O_NONBLOCK on the open file
int sv_chown(int fd, uint32_t uid);                       ///< fchown, group unchanged
int sv_is_stream_socket(int fd);                          ///< 1 or 0
int sv_duplicate(int fd);                                 ///< close-on-exec
/// Makes descriptors 0, 1 and 2 /dev/null, so that nobody's terminal or pipe is held open.
int sv_detach_stdio(void);

// Files; `directory` is a descriptor or SV_CWD
enum { SV_CWD = -100 };
int sv_open_directory(const char *path);
int sv_open_file(int directory, const char *path);        ///< reading
int sv_open_null(void);                                   ///< /dev/null for reading and writing
int sv_open_log(int directory, const char *name);         ///< appending, made with mode 0640, never through a symbolic link
int sv_create_file(int directory, const char *name);      ///< truncated, mode 0600
int sv_open_write(int directory, const char *path);       ///< an existing file, for writing
int64_t sv_size(int fd);
int sv_sync(int fd);
int sv_mkdir(int directory, const char *name, uint32_t mode);
int sv_rename(int directory, const char *from, const char *to, int replace);
int sv_unlink(int directory, const char *name);
long sv_entries(int directory, void *buffer, size_t size); ///< getdents64(2): struct linux_dirent64 records
int sv_rewind(int directory);
int sv_change_directory(const char *path);

// Sockets: SOCK_SEQPACKET, descriptors by SCM_RIGHTS
enum { SV_MAX_DESCRIPTORS = 200 };
int sv_listen(int directory, const char *name);           ///< non-blocking, socket file with mode 0600, an old one is replaced
int sv_accept(int fd);                                    ///< non-blocking
int64_t sv_peer_uid(int fd);
int sv_socket_pair(int *first, int *second);              ///< non-blocking
/// Sends one packet of two parts; never blocks, never raises SIGPIPE.
long sv_send(int fd, const void *head, size_t head_size, const void *body, size_t body_size, const int *fds, int fd_count);
/// Receives one packet; never blocks. 0 at the end. *fd_count: room in, received out. A cut packet or control message is -EMSGSIZE and its descriptors are closed.
long sv_receive(int fd, void *buffer, size_t size, int *fds, int *fd_count);
/// Bytes over a stream socket or pipe without ever blocking (MSG_DONTWAIT).
long sv_stream_send(int fd, const void *bytes, size_t size);
long sv_stream_receive(int fd, void *buffer, size_t size);
int sv_send_buffer(int fd, int bytes);                    ///< SO_SNDBUF
int sv_memory_file(const char *name, const void *bytes, size_t size); ///< memfd with these bytes

// Waiting and time
/// poll(2) that returns early on nothing but readiness; nanoseconds < 0 waits for ever.
int sv_poll(struct sv_poll *entries, size_t count, int64_t nanoseconds);
int64_t sv_realtime(void);
int64_t sv_monotonic(void);

// Processes
int sv_become_subreaper(void);
int sv_new_session(void);
/// Writes a new command line over the first `room` bytes of the present one, cut to fit.
void sv_set_command_line(const char *text, size_t room);
/// Blocks SIGCHLD and SIGTERM for a signalfd (returned) and ignores SIGHUP, SIGINT, SIGPIPE, SIGXFSZ and the terminal's signals.
int sv_signals(void);
int sv_next_signal(int fd);                               ///< number, 0 when there is none
/// Reaps one ended child. 1 when there was one, else 0. status: exit code or signal; core: 1 when dumped.
int sv_reap(int32_t *pid, int32_t *code, int32_t *signal, int32_t *core);
int sv_signal_process(int pidfd, int signal);
int sv_signal_group(int32_t pid, int signal);
int32_t sv_pid(void);
int64_t sv_own_uid(void);
int sv_terminal_size(int fd, uint16_t rows, uint16_t columns);

// Namespaces
enum { SV_NEWIPC = 0x08000000, SV_NEWUTS = 0x04000000, SV_NEWNET = 0x40000000, SV_NEWUSER = 0x10000000 };
int sv_unshare(int flags);
int sv_join(int fd, int kind);                            ///< setns
int sv_host_name(const char *name, size_t size);
int sv_domain_name(const char *name, size_t size);
/// A child that only sleeps in the new namespaces, so that they can be opened; ends with its parent. Returns its pid.
int32_t sv_namespace_holder(uint64_t flags);
int sv_end_holder(int32_t pid);
/// The thread's effective uid alone; 0 brings root back. For files whose owner the kernel compares with the writer.
int sv_effective_user(uint32_t uid);

// Memory
/// Anonymous pages, touched only when used; ends the process when there is no address space.
void *sv_pages(size_t size);
void sv_release_pages(void *pages, size_t size);          ///< gives the memory back, keeps the addresses
/// Offset of the first `byte`, or `size`.
size_t sv_find(const void *bytes, size_t size, int byte);
/// The constant text of an errno, or "unknown error".
const char *sv_error_text(int error);
_Noreturn void sv_exit(int code);
