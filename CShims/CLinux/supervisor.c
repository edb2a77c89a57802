#include "include/clinux_supervisor.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/sched.h>

_Static_assert(sizeof(struct sv_poll) == sizeof(struct pollfd), "sv_poll is pollfd");
_Static_assert(SV_POLLIN == POLLIN && SV_POLLOUT == POLLOUT && SV_POLLERR == POLLERR && SV_POLLHUP == POLLHUP && SV_POLLNVAL == POLLNVAL, "poll");
_Static_assert(SV_CWD == AT_FDCWD, "AT_FDCWD");
_Static_assert(SV_NEWIPC == CLONE_NEWIPC && SV_NEWUTS == CLONE_NEWUTS && SV_NEWNET == CLONE_NEWNET && SV_NEWUSER == CLONE_NEWUSER, "CLONE_NEW");
_Static_assert(SV_EAGAIN == EAGAIN && SV_EPROTO == EPROTO && SV_EMSGSIZE == EMSGSIZE && SV_EOPNOTSUPP == EOPNOTSUPP && SV_ETIMEDOUT == ETIMEDOUT, "errno");

#define RESULT(call) ({ __typeof__(call) result_ = (call); result_ < 0 ? (__typeof__(call))-errno : result_; })
#define REPEATED(call) ({ __typeof__(call) result_; do result_ = (call); while (result_ < 0 && errno == EINTR); result_ < 0 ? (__typeof__(call))-errno : result_; })

long sv_read(int fd, void *buffer, size_t size) { return REPEATED(read(fd, buffer, size)); }
long sv_pread(int fd, void *buffer, size_t size, uint64_t offset) { return REPEATED(pread(fd, buffer, size, (off_t)offset)); }
long sv_write(int fd, const void *bytes, size_t size) { return REPEATED(write(fd, bytes, size)); }
int sv_close(int fd) { return RESULT(close(fd)); }

int sv_pipe(int *read_end, int *write_end) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return -errno;
    *read_end = ends[0];
    *write_end = ends[1];
    return 0;
}

int sv_pipe_size(int fd, int bytes) { return RESULT(fcntl(fd, F_SETPIPE_SZ, bytes)); }

int sv_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 ? -errno : RESULT(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

int sv_chown(int fd, uint32_t uid) { return RESULT(fchown(fd, uid, (gid_t)-1)); }

int sv_is_stream_socket(int fd) {
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

int sv_duplicate(int fd) { return RESULT(fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

int sv_detach_stdio(void) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return -errno;
    for (int number = 0; number < 3; number++)
        if (dup2(null, number) < 0) return -errno;
    return null > 2 ? sv_close(null) : 0;
}

int sv_open_directory(const char *path) { return RESULT(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }
int sv_open_file(int directory, const char *path) { return REPEATED(openat(directory, path, O_RDONLY | O_CLOEXEC)); }
int sv_open_null(void) { return RESULT(open("/dev/null", O_RDWR | O_CLOEXEC)); }
int sv_open_log(int directory, const char *name) { return REPEATED(openat(directory, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640)); }
int sv_create_file(int directory, const char *name) { return REPEATED(openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)); }
int sv_open_write(int directory, const char *path) { return REPEATED(openat(directory, path, O_WRONLY | O_CLOEXEC)); }

int64_t sv_size(int fd) {
    struct stat status;
    return fstat(fd, &status) ? -errno : status.st_size;
}

int sv_sync(int fd) { return REPEATED(fsync(fd)); }
int sv_mkdir(int directory, const char *name, uint32_t mode) { return RESULT(mkdirat(directory, name, mode)); }
int sv_rename(int directory, const char *from, const char *to, int replace) { return RESULT(renameat2(directory, from, directory, to, replace ? 0 : RENAME_NOREPLACE)); }
int sv_unlink(int directory, const char *name) { return RESULT(unlinkat(directory, name, 0)); }
long sv_entries(int directory, void *buffer, size_t size) { return RESULT(syscall(SYS_getdents64, directory, buffer, size)); }
int sv_rewind(int directory) { return lseek(directory, 0, SEEK_SET) < 0 ? -errno : 0; }
int sv_change_directory(const char *path) { return RESULT(chdir(path)); }

int sv_listen(int directory, const char *name) {
    // The path goes through /proc/self/fd, since sun_path holds 107 bytes and run directories may be deeper.
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char digits[12];
    int length = 0, number = directory;
    do digits[length++] = (char)('0' + number % 10); while (number /= 10);
    size_t used = sizeof "/proc/self/fd/" - 1, wanted = strlen(name);
    memcpy(address.sun_path, "/proc/self/fd/", used);
    while (length) address.sun_path[used++] = digits[--length];
    address.sun_path[used++] = '/';
    if (used + wanted >= sizeof address.sun_path) return -ENAMETOOLONG;
    memcpy(address.sun_path + used, name, wanted + 1);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    unlinkat(directory, name, 0);
    // fchmod before bind gives the socket file its mode (unix(7)): there is no moment with a wider one.
    if (fchmod(fd, 0600) || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 64)) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

int sv_accept(int fd) { return REPEATED(accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)); }

int64_t sv_peer_uid(int fd) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) ? -errno : (int64_t)peer.uid;
}

int sv_socket_pair(int *first, int *second) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends)) return -errno;
    *first = ends[0];
    *second = ends[1];
    return 0;
}

union control {
    struct cmsghdr head;
    char space[CMSG_SPACE(sizeof(int) * SV_MAX_DESCRIPTORS)];
};

long sv_send(int fd, const void *head, size_t head_size, const void *body, size_t body_size, const int *fds, int fd_count) {
    if (fd_count < 0 || fd_count > SV_MAX_DESCRIPTORS) return -EINVAL;
    struct iovec parts[2] = {{(void *)head, head_size}, {(void *)body, body_size}};
    union control control;
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = body_size ? 2 : 1};
    if (fd_count) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)fd_count);
        memset(&control, 0, message.msg_controllen);
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        control.head.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)fd_count);
        memcpy(CMSG_DATA(&control.head), fds, sizeof(int) * (size_t)fd_count);
    }
    return REPEATED(sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT));
}

long sv_receive(int fd, void *buffer, size_t size, int *fds, int *fd_count) {
    int room = *fd_count, got = 0, cut = 0;
    *fd_count = 0;
    union control control;
    struct iovec part = {buffer, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    long result = REPEATED(recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
    if (result < 0) return result;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < count; index++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(part) + index * sizeof(int), sizeof(int));
            if (got < room) fds[got++] = descriptor;
            else { close(descriptor); cut = 1; }
        }
    }
    if (cut || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
        while (got) close(fds[--got]);
        return -EMSGSIZE;
    }
    *fd_count = got;
    return result;
}

long sv_stream_send(int fd, const void *bytes, size_t size) { return REPEATED(send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL)); }
long sv_stream_receive(int fd, void *buffer, size_t size) { return REPEATED(recv(fd, buffer, size, MSG_DONTWAIT)); }
int sv_send_buffer(int fd, int bytes) { return RESULT(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes)); }

int sv_memory_file(const char *name, const void *bytes, size_t size) {
    int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0) return -errno;
    for (size_t done = 0; done < size;) {
        long count = sv_write(fd, (const char *)bytes + done, size - done);
        if (count < 0) { close(fd); return (int)count; }
        done += (size_t)count;
    }
    return fd;
}

int sv_poll(struct sv_poll *entries, size_t count, int64_t nanoseconds) {
    struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    int result = ppoll((struct pollfd *)entries, count, nanoseconds < 0 ? NULL : &limit, NULL);
    return result < 0 ? (errno == EINTR ? 0 : -errno) : result;
}

static int64_t clock_reading(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}
int64_t sv_realtime(void) { return clock_reading(CLOCK_REALTIME); }
int64_t sv_monotonic(void) { return clock_reading(CLOCK_MONOTONIC); }

int sv_become_subreaper(void) { return RESULT(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)); }
int sv_new_session(void) { return RESULT(setsid()); }

void sv_set_command_line(const char *text, size_t room) {
    // glibc keeps argv[0] here; the other arguments stand behind it, and what is left of them must be zero (proc(5), cmdline).
    size_t size = strlen(text);
    if (!room) return;
    if (size >= room) size = room - 1;
    memset(program_invocation_name, 0, room);
    memcpy(program_invocation_name, text, size);
}

int sv_signals(void) {
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGXFSZ, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2};
    for (size_t index = 0; index < sizeof ignored / sizeof *ignored; index++) signal(ignored[index], SIG_IGN);
    signal(SIGCHLD, SIG_DFL);  // an inherited SIG_IGN would reap the children by itself and lose their exit codes
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_SETMASK, &set, NULL)) return -errno;
    return RESULT(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int sv_next_signal(int fd) {
    struct signalfd_siginfo information;
    return read(fd, &information, sizeof information) == sizeof information ? (int)information.ssi_signo : 0;
}

int sv_reap(int32_t *pid, int32_t *code, int32_t *signal, int32_t *core) {
    siginfo_t information = {0};
    // waitid(2) with P_ALL; __WALL takes children that were cloned with another exit signal as well.
    if (waitid(P_ALL, 0, &information, WEXITED | WNOHANG | __WALL) || information.si_pid == 0) return 0;
    int exited = information.si_code == CLD_EXITED;
    *pid = information.si_pid;
    *code = exited ? information.si_status : 0;
    *signal = exited ? 0 : information.si_status;
    *core = information.si_code == CLD_DUMPED;
    return 1;
}

int sv_signal_process(int pidfd, int signal) { return (int)RESULT(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0)); }
int sv_signal_group(int32_t pid, int signal) { return pid > 1 ? RESULT(kill(-pid, signal)) : -EINVAL; }
int32_t sv_pid(void) { return getpid(); }
int64_t sv_own_uid(void) { return geteuid(); }

int sv_terminal_size(int fd, uint16_t rows, uint16_t columns) {
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    return RESULT(ioctl(fd, TIOCSWINSZ, &size));
}

int sv_unshare(int flags) { return RESULT(unshare(flags)); }
int sv_join(int fd, int kind) { return RESULT(setns(fd, kind)); }
int sv_host_name(const char *name, size_t size) { return RESULT(sethostname(name, size)); }
int sv_domain_name(const char *name, size_t size) { return RESULT(setdomainname(name, size)); }

int32_t sv_namespace_holder(uint64_t flags) {
    struct clone_args arguments = {.flags = flags, .exit_signal = SIGCHLD};
    int parent = getpid();
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid < 0) return (int32_t)-errno;
    if (pid > 0) return (int32_t)pid;
    // PDEATHSIG first, then look whether the parent had gone before; in a new user namespace both calls are allowed.
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (syscall(SYS_getppid) != parent) _exit(0);
    for (;;) pause();
}

int sv_end_holder(int32_t pid) {
    if (pid <= 1) return -EINVAL;
    if (kill(pid, SIGKILL)) return -errno;
    return (int)REPEATED(waitpid(pid, NULL, __WALL)) < 0 ? -ECHILD : 0;
}

int sv_effective_user(uint32_t uid) { return (int)RESULT(syscall(SYS_setresuid, -1, uid, -1)); }

const char *sv_error_text(int error) {
    const char *text = strerrordesc_np(error);
    return text ? text : "unknown error";
}

void *sv_pages(size_t size) {
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) abort();
    return pages;
}

void sv_release_pages(void *pages, size_t size) { madvise(pages, size, MADV_DONTNEED); }

size_t sv_find(const void *bytes, size_t size, int byte) {
    const char *found = memchr(bytes, byte, size);
    return found ? (size_t)(found - (const char *)bytes) : size;
}

void sv_exit(int code) { _exit(code); }
