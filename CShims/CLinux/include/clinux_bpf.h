/// bpf(2), as far as device filters of cgroups need it: the system call has no wrapper in libc, and its
/// argument is a union with anonymous members that Swift cannot fill in.
#pragma once
#include <linux/bpf.h>
#include <stdint.h>

/// One instruction; field names and widths are those of struct bpf_insn.
static inline struct bpf_insn clinux_bpf_instruction(
    uint8_t code, uint8_t destination, uint8_t source, int16_t offset, int32_t immediate) {
    struct bpf_insn instruction = {
        .code = code, .dst_reg = destination, .src_reg = source, .off = offset, .imm = immediate};
    return instruction;
}

/// Loads a program of type BPF_PROG_TYPE_CGROUP_DEVICE.
///
/// Returns a close-on-exec descriptor of it, or -1 with errno. With a non-empty `log` the verifier's
/// words are written there, NUL-terminated, cut at `log_bytes` (then errno is ENOSPC).
int clinux_bpf_load_device_filter(
    const struct bpf_insn *instructions, uint32_t count, char *log, uint32_t log_bytes);

/// Attaches a device program to the cgroup that `cgroup` is a descriptor (O_PATH will do) of, beside the
/// programs of its ancestors: an access must be allowed by all of them. Returns 0, or -1 with errno.
int clinux_bpf_attach_device_filter(int cgroup, int program);

/// How many device programs are attached to the cgroup itself, or -1 with errno.
int clinux_bpf_count_device_filters(int cgroup);
