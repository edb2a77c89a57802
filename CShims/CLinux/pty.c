#include "clinux_plan_ops.h"
#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Sends one byte with the descriptor as SCM_RIGHTS.
static int send_descriptor(int socket, int descriptor) {
    char byte = 0;
    struct iovec vector = {.iov_base = &byte, .iov_len = 1};
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    control.head.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.head), &descriptor, sizeof descriptor);
    return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? errno : 0;
}

/// Binds the slave over /dev/console: by descriptor, since a path could name another terminal.
static int bind_console(int slave, int *step) {
    *step = CLINUX_STEP_CREATE_TARGET;
    int target = open("/dev/console", O_PATH | O_CLOEXEC | O_NOFOLLOW);
    if (target < 0 && errno == ENOENT) {
        int made = open("/dev/console", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (made < 0) return errno;
        close(made);
        target = open("/dev/console", O_PATH | O_CLOEXEC | O_NOFOLLOW);
    }
    if (target < 0) return errno;
    *step = CLINUX_STEP_OPEN_TREE;
    int tree = (int)syscall(SYS_open_tree, slave, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0) { int error = errno; close(target); return error; }
    *step = CLINUX_STEP_MOVE_MOUNT;
    int error = syscall(SYS_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) ? errno : 0;
    close(tree);
    close(target);
    return error;
}

int clinux_op_open_pty(int socket, const struct clinux_op *op, int *step) {
    *step = CLINUX_STEP_PTY;
    int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);
    if (master < 0) return errno;
    int unlock = 0;
    if (ioctl(master, TIOCSPTLCK, &unlock)) return errno;
    // TIOCGPTPEER opens the peer of exactly this master, whatever /dev/pts/N has become.
    int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) return errno;
    struct winsize size = {.ws_row = (unsigned short)(op->a >> 16), .ws_col = (unsigned short)op->a};
    if (op->a && ioctl(slave, TIOCSWINSZ, &size)) return errno;
    if (fchown(slave, (uid_t)op->b, (gid_t)-1)) return errno;
    if (op->flags & CLINUX_OPF_CREATE_FILE) {
        int error = bind_console(slave, step);
        if (error) return error;
    }
    *step = CLINUX_STEP_IOCTL;
    if (ioctl(slave, TIOCSCTTY, 0)) return errno;
    *step = CLINUX_STEP_SEND;
    int error = send_descriptor(socket, master);
    if (error) return error;
    close(master);
    *step = CLINUX_STEP_DUP;
    for (int number = 0; number < 3; number++)
        if (dup2(slave, number) < 0) return errno;
    if (slave > 2) close(slave);
    return 0;
}
