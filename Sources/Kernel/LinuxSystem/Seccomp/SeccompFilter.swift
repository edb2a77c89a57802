import Synchronization

/// A compiled seccomp filter, seccomp(2).
package struct SeccompFilter: Hashable, Sendable {
    /// SECCOMP_FILTER_FLAG_*
    package struct Flags: OptionSet, Hashable, Sendable {
        package let rawValue: UInt64
        package init(rawValue: UInt64) { self.rawValue = rawValue }
        /// Every action but ALLOW is logged in the kernel's audit log, as far as /proc/sys/kernel/seccomp/actions_logged lets it.
        package static let log = Flags(rawValue: 2)
        /// Leaves speculative store bypass to the program, which runc does by default.
        package static let allowSpeculation = Flags(rawValue: 4)
    }

    /// An array of `struct sock_filter`, 8 bytes each.
    package var instructions: [UInt8]
    package var flags: Flags

    package init(instructions: [UInt8], flags: Flags = []) {
        self.instructions = instructions
        self.flags = flags
    }
}

extension SeccompFilter {
    /// Compiles a profile for a container with this bounding set.
    ///
    /// - Throws: `SeccompError` for rules that contradict each other, or a profile for other machines.
    package init(
        profile: SeccompProfile, capabilities: CapabilitySet, kernel: KernelVersion = .running
    ) throws(SeccompError) {
        self = try SeccompCompiler(profile: profile, capabilities: capabilities, kernel: kernel).compile()
    }

    /// The filter of `RuntimeDefault` for a container with this bounding set; compiled once for each.
    package static func runtimeDefault(capabilities: CapabilitySet) throws(SeccompError) -> SeccompFilter {
        if let filter = defaults.withLock({ $0[capabilities] }) { return filter }
        let filter = try SeccompFilter(profile: .runtimeDefault, capabilities: capabilities)
        defaults.withLock { $0[capabilities] = filter }
        return filter
    }

    private static let defaults = Mutex<[CapabilitySet: SeccompFilter]>([:])
}
