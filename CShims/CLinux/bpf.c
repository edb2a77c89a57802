#include "clinux_bpf.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(struct bpf_insn) == 8, "an eBPF instruction is 8 bytes");

static int bpf(enum bpf_cmd command, union bpf_attr *attributes) {
    return (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

int clinux_bpf_load_device_filter(
    const struct bpf_insn *instructions, uint32_t count, char *log, uint32_t log_bytes) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof(attributes)); // the kernel refuses unknown bits, padding included
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns = (uint64_t)(uintptr_t)instructions;
    attributes.insn_cnt = count;
    attributes.license = (uint64_t)(uintptr_t)"Apache-2.0";
    memcpy(attributes.prog_name, "device_filter", sizeof("device_filter"));
    if (log_bytes > 0) {
        attributes.log_level = 1;
        attributes.log_buf = (uint64_t)(uintptr_t)log;
        attributes.log_size = log_bytes;
    }
    return bpf(BPF_PROG_LOAD, &attributes); // descriptors of bpf(2) are always close-on-exec
}

int clinux_bpf_attach_device_filter(int cgroup, int program) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof(attributes));
    attributes.target_fd = (uint32_t)cgroup;
    attributes.attach_bpf_fd = (uint32_t)program;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    attributes.attach_flags = BPF_F_ALLOW_MULTI; // else a nested cgroup could not have its own filter
    return bpf(BPF_PROG_ATTACH, &attributes);
}

int clinux_bpf_count_device_filters(int cgroup) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof(attributes));
    attributes.query.target_fd = (uint32_t)cgroup;
    attributes.query.attach_type = BPF_CGROUP_DEVICE;
    if (bpf(BPF_PROG_QUERY, &attributes) != 0) return -1;
    return (int)attributes.query.prog_cnt;
}
