internal import CLinux
import Glibc
package import LinuxSystem

/// A loaded eBPF program that decides about device accesses (the devices controller of cgroup v2).
///
/// Loading costs a verifier run, half a millisecond, attaching a few microseconds: so load one per set of rules and attach it
/// to as many cgroups as have that set.
/// Attached, it lives as long as the cgroup; this descriptor may be closed.
package struct DeviceFilter: ~Copyable, Sendable {
    private let program: OwnedFD

    /// Loads the rules. An access that no rule speaks of is denied.
    ///
    /// - Throws: `EPERM` without CAP_BPF or CAP_SYS_ADMIN; `EINVAL` from a kernel that cannot filter devices;
    ///   `E2BIG` when there are so many rules (several hundred) that the verifier gives up.
    package init(rules: [DeviceRule]) throws(SystemError) {
        let instructions = DeviceProgram(rules).instructions
        let fd = unsafe instructions.withUnsafeBufferPointer { buffer in
            unsafe clinux_bpf_load_device_filter(buffer.baseAddress, UInt32(buffer.count), nil, 0)
        }
        guard fd >= 0 else { throw SystemError("load device filter of \(rules.count) rules", .current) }
        program = OwnedFD(adopting: fd)
    }

    /// Puts the filter in force for a cgroup and all below it. An access must be allowed by every filter on the way up.
    ///
    /// - Throws: `EPERM` without CAP_SYS_ADMIN; `E2BIG` after 64 filters on one cgroup.
    package func attach(to cgroup: borrowing Cgroup) throws(SystemError) {
        guard clinux_bpf_attach_device_filter(cgroup.directory.rawValue, program.rawValue) == 0 else {
            throw SystemError("attach device filter to \(cgroup.path)", .current)
        }
    }
}

extension Cgroup {
    /// How many device filters are attached here, those of ancestors not counted.
    package func deviceFilterCount() throws(SystemError) -> Int {
        let count = clinux_bpf_count_device_filters(directory.rawValue)
        guard count >= 0 else { throw SystemError("query device filters of \(path)", .current) }
        return Int(count)
    }
}
