#include "clinux_files.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

int clinux_clear_immutable(int fd) {
    int flags = 0; /* the kernel reads and writes an int, whatever the macro says */
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0) return -1;
    int wanted = flags & ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
    if (wanted == flags) return 0;
    return ioctl(fd, FS_IOC_SETFLAGS, &wanted) < 0 ? -1 : 1;
}

int clinux_syncfs(int fd) { return syncfs(fd); }
