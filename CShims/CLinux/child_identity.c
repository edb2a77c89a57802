// What the process is: limits, ids, capabilities, seccomp, working directory.
#include "child.h"
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

struct limit { uint64_t soft, hard; };

static long set_limit(struct clinux_child *child, const struct clinux_op *op) {
    STEP(child, SETRLIMIT);
    struct limit wanted = {op->a, op->b};
    long result = SYS(prlimit64, 0, op->slot, &wanted, NULL);
    if (result != -EPERM || !(op->flags & CLINUX_OPF_OPTIONAL)) return result;
    struct limit present;
    result = SYS(prlimit64, 0, op->slot, NULL, &present);
    if (result < 0) return result;
    wanted.hard = present.hard;
    if (wanted.soft > wanted.hard) wanted.soft = wanted.hard;
    clinux_adjusted(child, EPERM);
    return SYS(prlimit64, 0, op->slot, &wanted, NULL);
}

static long write_score(int fd, long value) {
    char text[24];
    size_t at = sizeof text;
    unsigned long rest = value < 0 ? -(unsigned long)value : (unsigned long)value;
    do text[--at] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0) text[--at] = '-';
    long written = SYS(write, fd, text + at, sizeof text - at);
    return written < 0 ? written : 0;
}

static long read_score(int fd) {
    char text[24];
    long count = SYS(pread64, fd, text, sizeof text, 0), value = 0, at = 0;
    int negative = count > 0 && text[0] == '-';
    for (at = negative; at < count && text[at] >= '0' && text[at] <= '9'; at++) value = value * 10 + text[at] - '0';
    return negative ? -value : value;
}

/// Lowering below the least value that a privileged process ever set is refused (EACCES); the least one is not shown anywhere,
/// so it is searched for between the wanted value and the present one.
static void write_nearest_score(int fd, long wanted) {
    long refused = wanted, accepted = read_score(fd);
    while (accepted - refused > 1) {
        long middle = refused + (accepted - refused) / 2;
        if (write_score(fd, middle)) refused = middle;
        else accepted = middle;
    }
}

static long set_score(struct clinux_child *child, const struct clinux_op *op) {
    STEP(child, OPEN);
    long fd = clinux_open_proc(child, "self/oom_score_adj");
    if (fd == -EACCES && (op->flags & CLINUX_OPF_OPTIONAL)) {
        clinux_adjusted(child, EACCES);
        return 0;
    }
    if (fd < 0) return fd;
    STEP(child, WRITE);
    long result = write_score((int)fd, (long)op->a);
    if (result == -EACCES && (op->flags & CLINUX_OPF_OPTIONAL)) {
        write_nearest_score((int)fd, (long)op->a);
        clinux_adjusted(child, EACCES);
        result = 0;
    }
    clinux_close((int)fd);
    return result;
}

static long join_keyring(struct clinux_child *child, const struct clinux_op *op) {
    STEP(child, KEYCTL);
    long result = SYS(keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    if (result >= 0) return 0;
    if (!(op->flags & CLINUX_OPF_OPTIONAL)) return result;
    clinux_adjusted(child, (int)-result);
    return 0;
}

/// PR_CAPBSET_DROP of a number beyond the kernel's last capability is EINVAL.
static long keep_bounding(struct clinux_child *child, const struct clinux_op *op) {
    STEP(child, PRCTL);
    for (int number = 0; number < 64; number++) {
        if (op->a >> number & 1) continue;
        long result = SYS(prctl, PR_CAPBSET_DROP, number, 0, 0, 0);
        if (result == -EINVAL) break;
        if (result < 0) return result;
    }
    return 0;
}

static long set_uid(struct clinux_child *child, const struct clinux_op *op) {
    STEP(child, PRCTL);
    long result = SYS(prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
    if (result < 0) return result;
    STEP(child, SETUID);
    result = SYS(setresuid, op->a, op->a, op->a);
    if (result < 0) return result;
    SYS(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);  // a change of ids sets it to /proc/sys/fs/suid_dumpable
    return 0;
}

static long set_capabilities(struct clinux_child *child, const struct clinux_op *op) {
    const uint64_t *sets = (const void *)(child->base + op->data);
    uint64_t effective = sets[0], permitted = sets[1], inheritable = sets[2], ambient = sets[3];
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {
        {(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
        {(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)}};
    STEP(child, CAPSET);
    long result = SYS(capset, &header, data);
    if (result < 0) return result;
    SYS(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
    STEP(child, PRCTL);
    result = SYS(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (int number = 0; !result && ambient >> number && number < 64; number++)
        if (ambient >> number & 1) result = SYS(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0);
    return result;
}

static long load_filter(struct clinux_child *child, const struct clinux_op *op) {
    STEP(child, SECCOMP);
    struct sock_fprog program = {
        (unsigned short)(op->length / sizeof(struct sock_filter)), (struct sock_filter *)(child->base + op->data)};
    return SYS(seccomp, SECCOMP_SET_MODE_FILTER, op->a, &program);
}

/// Never through /proc/self/fd/N: until the exec the child holds descriptors of the host.
static long change_directory(struct clinux_child *child, const struct clinux_op *op) {
    STEP(child, CHDIR);
    const char *path = clinux_string(child, op->s1);
    clinux_detail(child, path);
    long root = clinux_container_root(child);
    if (root < 0) return root;
    long fd = clinux_open_at((int)root, path, O_PATH | O_DIRECTORY | O_CLOEXEC, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    if (fd == -ENOENT && (op->flags & CLINUX_OPF_CREATE_DIRECTORY)) fd = clinux_make_directories((int)root, path, 0755);
    if (fd < 0) return fd;
    long result = SYS(fchdir, fd);
    clinux_close((int)fd);
    if (!result) clinux_detail(child, NULL);
    return result;
}

long clinux_identity(struct clinux_child *child, const struct clinux_op *op) {
    switch (op->code) {
    case CLINUX_OP_RLIMIT: return set_limit(child, op);
    case CLINUX_OP_OOM_SCORE_ADJ: return set_score(child, op);
    case CLINUX_OP_KEYRING: return join_keyring(child, op);
    case CLINUX_OP_UMASK: child->umask_chosen = (int)(op->a & 0777); return 0;
    case CLINUX_OP_BOUNDING_SET: return keep_bounding(child, op);
    case CLINUX_OP_SETGROUPS:
        STEP(child, SETGROUPS);
        return SYS(setgroups, op->length / sizeof(uint32_t), child->base + op->data);
    case CLINUX_OP_SETGID: STEP(child, SETGID); return SYS(setresgid, op->a, op->a, op->a);
    case CLINUX_OP_SETUID: return set_uid(child, op);
    case CLINUX_OP_CAPABILITIES: return set_capabilities(child, op);
    case CLINUX_OP_NO_NEW_PRIVS: STEP(child, PRCTL); return SYS(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    case CLINUX_OP_SECCOMP: return load_filter(child, op);
    case CLINUX_OP_CHDIR: return change_directory(child, op);
    case CLINUX_OP_PDEATHSIG: STEP(child, PRCTL); return SYS(prctl, PR_SET_PDEATHSIG, op->a, 0, 0, 0);
    default: STEP(child, PLAN); return -EINVAL;
    }
}
