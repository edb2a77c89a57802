// New file systems: fsopen(2), fsconfig(2), fsmount(2), or the old mount(2).
#include "child.h"
#include <linux/mount.h>
#include <linux/openat2.h>

/// The kernel's own words, for example "overlay: No changes allowed in reconfigure": one message per read, after "e ".
static void take_log(struct clinux_child *child, int context) {
    char message[256];
    long length = SYS(read, context, message, sizeof message - 1);
    if (length <= 2) return;
    while (length > 0 && message[length - 1] == '\n') length--;
    message[length] = 0;
    clinux_detail(child, message + 2);
}

/// The descriptor that "\x01N" stands for, or -1 for ordinary text.
static int slot_value(struct clinux_child *child, const char *value) {
    if (value[0] != 1) return -1;
    int slot = 0;
    for (value++; *value >= '0' && *value <= '9'; value++) slot = slot * 10 + (*value - '0');
    return child->slots[slot];
}

static long set_option(struct clinux_child *child, int context, const char *option) {
    char key[256];
    size_t length = 0;
    while (option[length] && option[length] != '=') {
        key[length] = option[length];
        length++;
    }
    key[length] = 0;
    if (!option[length]) return SYS(fsconfig, context, FSCONFIG_SET_FLAG, key, NULL, 0);
    const char *value = option + length + 1;
    if (value[0] == 1) return SYS(fsconfig, context, FSCONFIG_SET_FD, key, NULL, slot_value(child, value));
    return SYS(fsconfig, context, FSCONFIG_SET_STRING, key, value, 0);
}

static long set_options(struct clinux_child *child, const struct clinux_op *op, int context) {
    STEP(child, FSCONFIG);
    if (op->s2) {
        long result = SYS(fsconfig, context, FSCONFIG_SET_STRING, "source", clinux_string(child, op->s2), 0);
        if (result < 0) return result;
    }
    const char *option = child->base + op->data, *end = option + op->length;
    while (op->data && option < end) {
        long result = set_option(child, context, option);
        if (result == -EINVAL && (op->flags & CLINUX_OPF_OPTIONAL)) {
            clinux_adjusted(child, EINVAL);
        } else if (result < 0) {
            clinux_detail(child, option);
            return result;
        }
        while (*option) option++;
        option++;
    }
    return 0;
}

static long make_file_system(struct clinux_child *child, const struct clinux_op *op) {
    STEP(child, FSOPEN);
    long context = SYS(fsopen, clinux_string(child, op->s1), FSOPEN_CLOEXEC);
    if (context < 0) return context;
    long result = set_options(child, op, (int)context);
    if (result >= 0) result = SYS(fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    if (result >= 0) {
        STEP(child, FSMOUNT);
        result = SYS(fsmount, context, FSMOUNT_CLOEXEC, op->a);
    }
    if (result < 0) take_log(child, (int)context);
    clinux_close((int)context);
    return result;
}

/// proc and sysfs decide what the container may do to the host: an image must not choose where they lie.
static int is_delicate(const char *type) {
    return (clinux_starts(type, "proc") && !type[4]) || (clinux_starts(type, "sysfs") && !type[5]);
}

/// mount(2) knows paths only; the link in /proc stands for exactly the target that was opened.
static long mount_classic(struct clinux_child *child, const struct clinux_op *op, int target) {
    char path[32] = "/proc/self/fd/", digits[12];
    size_t at = 14, count = 0;
    for (int rest = target; rest || !count; rest /= 10) digits[count++] = (char)('0' + rest % 10);
    while (count) path[at++] = digits[--count];
    path[at] = 0;
    STEP(child, MOUNT);
    clinux_forget_parent(child);
    return SYS(mount, clinux_string(child, op->s2), path, clinux_string(child, op->s1), op->a,
               op->data ? child->base + op->data : NULL);
}

static long mount_new(struct clinux_child *child, const struct clinux_op *op) {
    const char *type = clinux_string(child, op->s1);
    long mount = -1, target = -1, result = 0;
    if (!(op->flags & CLINUX_OPF_CLASSIC)) {
        mount = make_file_system(child, op);
        if (mount < 0) return mount;
        if (!op->s3) {
            clinux_fill(child, op->slot, (int)mount);
            return 0;
        }
    }
    target = clinux_open_target(child, op, O_DIRECTORY, is_delicate(type) ? RESOLVE_NO_SYMLINKS : 0);
    if (target < 0) result = target;
    else result = mount < 0 ? mount_classic(child, op, (int)target) : clinux_attach(child, (int)mount, (int)target);
    clinux_close((int)target);
    clinux_close((int)mount);
    return result;
}

long clinux_mount(struct clinux_child *child, const struct clinux_op *op) {
    long result = mount_new(child, op);
    if (result != -ENODEV || !(op->flags & CLINUX_OPF_OPTIONAL)) return result;
    clinux_adjusted(child, ENODEV);
    return 0;
}
