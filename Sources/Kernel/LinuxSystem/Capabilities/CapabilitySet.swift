internal import CCap
import Glibc
import Synchronization

/// A set of Linux capabilities, capabilities(7): bit N is capability number N.
package struct CapabilitySet: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Every capability of this kernel, /proc/sys/kernel/cap_last_cap.
    package static let all = CapabilitySet(rawValue: (2 << UInt64(cap_max_bits() - 1)) - 1)

    /// What a container gets unless it says otherwise: containerd's and docker's 14.
    package static let containerDefault = CapabilitySet([
        "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP",
        "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE",
    ])

    /// One capability by its name, with or without `CAP_`, in any case; `nil` for a name that is none.
    package init?(name: String) {
        guard let number = Self.number(of: name) else { return nil }
        self.init(rawValue: 1 << UInt64(number))
    }

    private init(_ names: [String]) {
        self = names.reduce(into: []) { set, name in set.formUnion(CapabilitySet(name: name) ?? []) }
    }

    /// Names with `CAP_`, in the order of their numbers; a number without a name is `CAP_63`.
    package var names: [String] {
        (0..<64).filter { rawValue >> UInt64($0) & 1 == 1 }.map(Self.name)
    }
}

extension CapabilitySet {
    private static let table: [String] = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
        "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
        "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
        "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
        "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
        "CHECKPOINT_RESTORE",
    ]
    private static let numbers = Dictionary(uniqueKeysWithValues: table.enumerated().map { ($1, $0) })

    private static func number(of name: String) -> Int? {
        let upper = name.uppercased()
        return numbers[upper.hasPrefix("CAP_") ? String(upper.dropFirst(4)) : upper]
    }

    private static func name(_ number: Int) -> String {
        table.indices.contains(number) ? "CAP_\(table[number])" : "CAP_\(number)"
    }
}

/// The five sets of a thread.
package struct CapabilitySets: Hashable, Sendable {
    package var bounding: CapabilitySet
    package var effective: CapabilitySet
    package var permitted: CapabilitySet
    package var inheritable: CapabilitySet
    package var ambient: CapabilitySet

    package init(
        bounding: CapabilitySet, effective: CapabilitySet, permitted: CapabilitySet, inheritable: CapabilitySet = [],
        ambient: CapabilitySet = []
    ) {
        self.bounding = bounding
        self.effective = effective
        self.permitted = permitted
        self.inheritable = inheritable
        self.ambient = ambient
    }

    /// Bounding, effective and permitted alike; nothing inherited: what container runtimes give.
    package init(container set: CapabilitySet) {
        self.init(bounding: set, effective: set, permitted: set)
    }
}
