// The check of a plan: after it, the child can follow every offset without looking.
#include "child.h"
#include <linux/filter.h>

enum { STRING1 = 1, STRING2 = 2, STRING3 = 4, SLOT = 8, SLOT2 = 16 };
enum {
    CREATE = CLINUX_OPF_CREATE_DIRECTORY | CLINUX_OPF_CREATE_FILE,
    ANYWHERE = CREATE | CLINUX_OPF_HOST_TARGET,
    NAMESPACES_ALL = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET
};
static const uint64_t namespaces = NAMESPACES_ALL | CLONE_NEWTIME;

/// What an operation must have, and which flags mean something to it.
static const struct { uint8_t needs; uint8_t flags; } rules[CLINUX_OP_CODES] = {
    [CLINUX_OP_SETNS] = {SLOT, 0},
    [CLINUX_OP_CONTROLLING_TTY] = {SLOT, 0},
    [CLINUX_OP_DUP] = {SLOT, 0},
    [CLINUX_OP_OPEN] = {SLOT | STRING1, 0},
    [CLINUX_OP_CLOSE] = {SLOT, 0},
    [CLINUX_OP_ROOT] = {0, CLINUX_OPF_DETACHED},
    [CLINUX_OP_MOUNT] = {STRING1, CLINUX_OPF_OPTIONAL | ANYWHERE | CLINUX_OPF_CLASSIC},
    [CLINUX_OP_BIND] = {0, ANYWHERE | CLINUX_OPF_RECURSIVE | CLINUX_OPF_RECURSIVE_ATTRIBUTES | CLINUX_OPF_DETACHED},
    [CLINUX_OP_MKDIR] = {STRING3, CLINUX_OPF_HOST_TARGET},
    [CLINUX_OP_MKNOD] = {STRING3, CLINUX_OPF_HOST_TARGET},
    [CLINUX_OP_SYMLINK] = {STRING1 | STRING3, CLINUX_OPF_HOST_TARGET},
    [CLINUX_OP_WRITE] = {STRING1 | STRING2, CLINUX_OPF_OPTIONAL},
    [CLINUX_OP_MASK] = {STRING3, 0},
    [CLINUX_OP_READONLY] = {STRING3, 0},
    [CLINUX_OP_HOSTNAME] = {STRING1, 0},
    [CLINUX_OP_DOMAINNAME] = {STRING1, 0},
    [CLINUX_OP_RLIMIT] = {0, CLINUX_OPF_OPTIONAL},
    [CLINUX_OP_OOM_SCORE_ADJ] = {0, CLINUX_OPF_OPTIONAL},
    [CLINUX_OP_KEYRING] = {0, CLINUX_OPF_OPTIONAL},
    [CLINUX_OP_CHDIR] = {STRING1, CLINUX_OPF_CREATE_DIRECTORY},
    [CLINUX_OP_OPEN_PTY] = {SLOT, CLINUX_OPF_CREATE_FILE},
};

struct bounds {
    const char *base;
    uint32_t data, size;          ///< strings and arrays lie in data ..< size; the last byte of the buffer is NUL
    uint32_t slots;
};

static int string_is_inside(const struct bounds *in, uint32_t offset) { return offset >= in->data && offset < in->size; }

static int array_is_inside(const struct bounds *in, uint32_t offset, uint32_t length) {
    return offset % 8 == 0 && offset >= in->data && offset < in->size && length <= in->size - offset;
}

static int slot_exists(const struct bounds *in, int32_t slot) { return slot >= 0 && (uint32_t)slot < in->slots; }

/// "key=value", "key=\x01slot" or "key", each with its NUL inside the array; keys fit the child's buffer.
static int check_options(const struct bounds *in, const struct clinux_op *op) {
    const char *at = in->base + op->data, *end = at + op->length;
    if (op->length && end[-1]) return 0;
    while (at < end) {
        size_t key = 0;
        while (at[key] && at[key] != '=') key++;
        if (key == 0 || key > 255) return 0;
        if (at[key] && at[key + 1] == 1) {
            const char *digit = at + key + 2;
            int32_t slot = 0;
            if (!*digit) return 0;
            for (; *digit >= '0' && *digit <= '9' && slot < CLINUX_PLAN_MAX_SLOTS; digit++) slot = slot * 10 + (*digit - '0');
            if (*digit || !slot_exists(in, slot)) return 0;
        }
        while (*at) at++;
        at++;
    }
    return 1;
}

static int check_program(const struct bounds *in, const struct clinux_op *op) {
    if (op->length < 12) return 0;
    const uint32_t *table = (const void *)(in->base + op->data);
    uint64_t total = (uint64_t)table[0] + table[1] + table[2];
    if (!table[0] || !table[2] || total != (op->length - 12) / 4 || op->length % 4) return 0;
    for (uint64_t index = 0; index < total; index++)
        if (!string_is_inside(in, table[3 + index])) return 0;
    return 1;
}

static int check_target(const struct bounds *in, const struct clinux_op *op) {
    return !op->s3 || in->base[op->s3] == '/';
}

static int check_mount(const struct bounds *in, const struct clinux_op *op) {
    if (!op->s3 && !slot_exists(in, op->slot)) return 0;
    if (op->flags & CLINUX_OPF_CREATE_FILE) return 0;
    if (!(op->flags & CLINUX_OPF_CLASSIC)) return check_options(in, op);
    return op->s3 && op->s2 && (!op->data || in->base[op->data + op->length - 1] == 0);
}

static int check_bind(const struct bounds *in, const struct clinux_op *op) {
    if (op->data && op->length != 8) return 0;
    if (!op->s1 && !slot_exists(in, op->slot2)) return 0;
    if (op->s1 && (op->flags & CLINUX_OPF_DETACHED)) return 0;
    if (!op->s3 && (!slot_exists(in, op->slot2) || (op->flags & CLINUX_OPF_DETACHED))) return 0;
    return (op->flags & CREATE) != CREATE;
}

/// What is particular to one code.
static int check_code(const struct bounds *in, const struct clinux_op *op) {
    switch (op->code) {
    case CLINUX_OP_SETNS:
    case CLINUX_OP_UNSHARE:
    case CLINUX_OP_FORK: return (op->a & ~namespaces) == 0;
    case CLINUX_OP_DUP: return op->a <= 2;
    case CLINUX_OP_ROOT: return op->s1 ? !op->flags : slot_exists(in, op->slot);
    case CLINUX_OP_MOUNT: return check_mount(in, op);
    case CLINUX_OP_BIND: return check_bind(in, op);
    case CLINUX_OP_SETGROUPS: return op->length % 4 == 0 && op->length <= 65536 * 4;
    case CLINUX_OP_CAPABILITIES: return op->length == 32;
    case CLINUX_OP_SECCOMP: return op->length && op->length % 8 == 0 && op->length <= BPF_MAXINSNS * 8;
    case CLINUX_OP_EXEC: return check_program(in, op);
    case CLINUX_OP_SETUID:
    case CLINUX_OP_SETGID: return op->a < UINT32_MAX;
    default: return 1;
    }
}

static int check_operation(const struct bounds *in, const struct clinux_op *op) {
    if (op->code == 0 || op->code >= CLINUX_OP_CODES) return 0;
    unsigned needs = rules[op->code].needs;
    if (op->flags & ~rules[op->code].flags) return 0;
    if (op->s1 ? !string_is_inside(in, op->s1) : (needs & STRING1)) return 0;
    if (op->s2 ? !string_is_inside(in, op->s2) : (needs & STRING2)) return 0;
    if (op->s3 ? !string_is_inside(in, op->s3) : (needs & STRING3)) return 0;
    if (op->code == CLINUX_OP_RLIMIT ? op->slot < 0 : !slot_exists(in, op->slot) && (op->slot != -1 || (needs & SLOT))) return 0;
    if (!slot_exists(in, op->slot2) && op->slot2 != -1) return 0;
    if (op->data ? !array_is_inside(in, op->data, op->length) || !op->length : op->length != 0) return 0;
    return check_target(in, op) && check_code(in, op);
}

static int check_header(const struct clinux_plan *plan, size_t size, int fd_count) {
    if (plan->magic != CLINUX_PLAN_MAGIC || plan->version != CLINUX_PLAN_VERSION) return 0;
    if (plan->op_size != sizeof(struct clinux_op) || plan->size != size) return 0;
    if (!plan->op_count || plan->op_count > CLINUX_PLAN_MAX_OPS || plan->slot_count > CLINUX_PLAN_MAX_SLOTS) return 0;
    if (plan->input_slots > plan->slot_count || fd_count < 0 || plan->input_slots != (uint32_t)fd_count) return 0;
    if (plan->clone_flags & ~namespaces) return 0;
    if (plan->cgroup_slot < -1 || plan->cgroup_slot >= fd_count) return 0;
    return plan->pid_ns_slot >= -1 && plan->pid_ns_slot < fd_count;
}

/// The last operation, and only that one, ends the plan; the parent knows of one second child. Its number comes from the first child,
/// who must not have been born in another pid namespace: it would tell the number there.
static int check_order(const struct clinux_plan *plan, const struct clinux_op *ops) {
    uint32_t count = plan->op_count, forks = 0;
    int is_born_elsewhere = plan->pid_ns_slot >= 0 || plan->clone_flags & CLONE_NEWPID;
    for (uint32_t index = 0; index < count; index++) {
        int ends = ops[index].code == CLINUX_OP_EXEC || ops[index].code == CLINUX_OP_INIT;
        if (ends != (index == count - 1)) return 0;
        forks += ops[index].code == CLINUX_OP_FORK;
    }
    return forks <= (is_born_elsewhere ? 0 : 1);
}

static int check(const void *buffer, size_t size, int fd_count) {
    const struct clinux_plan *plan = buffer;
    if (!buffer || (uintptr_t)buffer % 8 || size < sizeof *plan || size > CLINUX_PLAN_MAX_SIZE) return 0;
    if (!check_header(plan, size, fd_count)) return 0;
    size_t data = sizeof *plan + (size_t)plan->op_count * sizeof(struct clinux_op);
    const char *base = buffer;
    if (data >= size || base[size - 1]) return 0;
    const struct clinux_op *ops = (const void *)(plan + 1);
    struct bounds in = {base, (uint32_t)data, (uint32_t)size, plan->slot_count};
    for (uint32_t index = 0; index < plan->op_count; index++)
        if (!check_operation(&in, &ops[index])) return 0;
    return check_order(plan, ops);
}

int clinux_plan_check(const void *plan, size_t size, int fd_count) {
    if (check(plan, size, fd_count)) return 0;
    errno = EINVAL;
    return -1;
}
