/* Stands in an image where the dynamic linker would be: whoever starts a dynamically linked program of the host inside the
 * container gives this control over it, with /proc/self/exe naming the host's file (CVE-2019-5736).
 * No C library: as an interpreter it starts without what crt0 needs. Prints what it was able to do; nothing good follows. */
#include <asm/unistd.h>
#include <fcntl.h>

#if defined(__x86_64__)
static long call(long number, long a, long b, long c, long d) {
    register long r10 __asm__("r10") = d;
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return result;
}
#define ENTRY __attribute__((force_align_arg_pointer))
#elif defined(__aarch64__)
static long call(long number, long a, long b, long c, long d) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}
#define ENTRY
#endif

static void say(const char *text) {
    long length = 0;
    while (text[length]) length++;
    call(__NR_write, 1, (long)text, length, 0);
}

static void try_writing(const char *what, const char *path, int flags) {
    long fd = call(__NR_openat, AT_FDCWD, (long)path, flags, 0644);
    say(what);
    if (fd < 0) {
        say(": refused\n");
        return;
    }
    long written = call(__NR_write, fd, (long)"#!/overwritten\n", 15, 0);
    say(written > 0 ? ": OVERWRITTEN\n" : ": write refused\n");
}

ENTRY void _start(void) {
    say("interpreter runs\n");
    try_writing("exe write", "/proc/self/exe", O_WRONLY);
    try_writing("exe truncate", "/proc/self/exe", O_WRONLY | O_TRUNC);
    try_writing("exe append", "/proc/self/exe", O_RDWR | O_APPEND);
    /* Through a descriptor that was opened for reading, once nobody runs the file any more. */
    long fd = call(__NR_openat, AT_FDCWD, (long)"/proc/self/exe", O_RDONLY, 0);
    char again[] = "/proc/self/fd/0";
    if (fd >= 0 && fd < 10) {
        again[14] = (char)('0' + fd);
        try_writing("descriptor", again, O_WRONLY);
    }
    call(__NR_exit_group, 0, 0, 0, 0);
    for (;;) {}
}
