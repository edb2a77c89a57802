/* Tries what root in a container must not get done, one line of output for each success. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

static void succeeded(const char *what) { printf("SUCCEEDED: %s\n", what); }

static void write_to(const char *path, const char *text) {
    int fd = open(path, O_WRONLY);
    if (fd >= 0 && write(fd, text, strlen(text)) > 0) succeeded(path);
    if (fd >= 0) close(fd);
}

static void write_where_it_hurts(void) {
    write_to("/proc/sys/kernel/core_pattern", "|/evil");
    write_to("/proc/sys/kernel/hostname", "evil");
    write_to("/proc/sys/vm/swappiness", "61");
    write_to("/proc/sys/net/ipv4/ip_forward", "1");
    write_to("/proc/sysrq-trigger", "h"); /* h: help; harmless */
    write_to("/proc/irq/default_smp_affinity", "1");
    write_to("/sys/kernel/mm/transparent_hugepage/enabled", "never");
    write_to("/sys/kernel/uevent_helper", "/evil");
    write_to("/sys/fs/cgroup/cgroup.procs", "0");
    write_to("/sys/fs/cgroup/cgroup.subtree_control", "+hugetlb");
    write_to("/sys/fs/cgroup/cgroup.freeze", "0");
    write_to("/sys/class/net/lo/mtu", "1000");
    if (mkdir("/sys/fs/cgroup/evil", 0755) == 0) succeeded("mkdir in /sys/fs/cgroup");
}

/* Masked files must be empty, masked directories too. /sys/firmware is not there on every machine. */
static void look_behind_masks(void) {
    const char *files[] = {"/proc/interrupts", "/proc/keys", "/proc/timer_list", "/proc/kcore", "/proc/latency_stats"};
    for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
        char byte;
        int fd = open(files[i], O_RDONLY);
        if (fd >= 0 && read(fd, &byte, 1) > 0) printf("SUCCEEDED: read %s\n", files[i]);
        if (fd >= 0) close(fd);
    }
    const char *directories[] = {"/proc/acpi", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"};
    for (unsigned i = 0; i < sizeof directories / sizeof *directories; i++) {
        DIR *directory = opendir(directories[i]);
        struct dirent *entry;
        while (directory && (entry = readdir(directory)))
            if (entry->d_name[0] != '.') printf("SUCCEEDED: list %s: %s\n", directories[i], entry->d_name);
        if (directory) closedir(directory);
    }
}

static void change_mounts(void) {
    if (mount("none", "/sys", NULL, MS_REMOUNT | MS_BIND, NULL) == 0) succeeded("remount /sys");
    if (mount("none", "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL) == 0) succeeded("remount /proc/sys");
    if (mount("proc", "/tmp", "proc", 0, NULL) == 0) succeeded("mount proc");
    if (mount("cgroup2", "/tmp", "cgroup2", 0, NULL) == 0) succeeded("mount cgroup2");
    if (umount2("/proc/sys", MNT_DETACH) == 0) succeeded("umount /proc/sys");
    if (umount2("/proc/kcore", MNT_DETACH) == 0) succeeded("umount /proc/kcore");
    if (syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */) >= 0) succeeded("open_tree");
    if (unshare(CLONE_NEWNS) == 0) succeeded("unshare mount namespace");
    if (unshare(CLONE_NEWNET) == 0) succeeded("unshare network namespace");
}

static void read_node(const char *name, mode_t type, unsigned major, unsigned minor, int flags) {
    char path[64], byte[512];
    snprintf(path, sizeof path, "/tmp/%s", name);
    unlink(path);
    if (mknod(path, type | 0600, makedev(major, minor))) return;
    int fd = open(path, flags);
    if (fd < 0) return;
    succeeded(path);
    if ((flags & O_ACCMODE) != O_WRONLY && read(fd, byte, sizeof byte) > 0) printf("SUCCEEDED: read %s\n", path);
    close(fd);
}

/* Arguments: MAJOR:MINOR of block devices of the host. */
static void use_devices(char **disks) {
    for (; *disks; disks++) {
        unsigned major = 0, minor = 0;
        if (sscanf(*disks, "%u:%u", &major, &minor) != 2) continue;
        read_node("disk", S_IFBLK, major, minor, O_RDONLY);
        read_node("disk", S_IFBLK, major, minor, O_WRONLY);
    }
    read_node("mem", S_IFCHR, 1, 1, O_RDONLY);
    read_node("port", S_IFCHR, 1, 4, O_RDONLY);
    read_node("kmsg", S_IFCHR, 1, 11, O_WRONLY);
    read_node("tty0", S_IFCHR, 4, 0, O_WRONLY);
    read_node("ttyS0", S_IFCHR, 4, 64, O_WRONLY | O_NONBLOCK);
    read_node("fuse", S_IFCHR, 10, 229, O_RDWR);
    read_node("tun", S_IFCHR, 10, 200, O_RDWR);
}

static void call_the_kernel(void) {
    union bpf_attr attributes = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    if (syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes) >= 0) succeeded("bpf");
    if (syscall(SYS_init_module, "", 0, "") == 0) succeeded("init_module");
    if (syscall(SYS_kexec_load, 0, 0, NULL, 0) == 0) succeeded("kexec_load");
    if (swapon("/tmp/swap", 0) == 0) succeeded("swapon");
    if (sethostname("evil", 4) == 0) succeeded("sethostname");
    struct timespec time = {0};
    clock_gettime(CLOCK_REALTIME, &time);
    if (clock_settime(CLOCK_REALTIME, &time) == 0) succeeded("clock_settime");
    struct { unsigned bytes; int type; unsigned char handle[128]; } file = {.bytes = 128};
    int mount_id;
    if (syscall(SYS_name_to_handle_at, AT_FDCWD, "/etc/hosts", &file, &mount_id, 0) == 0) {
        int start = open("/etc/hosts", O_RDONLY);
        if (syscall(SYS_open_by_handle_at, start, &file, O_RDONLY) >= 0) succeeded("open_by_handle_at");
    }
}

/* Every process number that could be somebody else's. */
static void touch_others(void) {
    pid_t self = getpid();
    for (pid_t pid = 1; pid < 100000; pid++) {
        if (pid == self || pid == getppid() || kill(pid, 0)) continue; /* the shell that may have started it */
        printf("SUCCEEDED: sees process %d\n", pid);
        if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) == 0) printf("SUCCEEDED: ptrace %d\n", pid);
        kill(pid, SIGKILL);
    }
}

int main(int argc, char **argv) {
    (void)argc;
    write_where_it_hurts();
    look_behind_masks();
    change_mounts();
    use_devices(argv + 1);
    call_the_kernel();
    touch_others();
    puts("tried everything");
    return 0;
}
