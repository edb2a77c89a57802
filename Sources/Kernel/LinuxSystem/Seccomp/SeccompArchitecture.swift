internal import CSeccomp

/// An architecture that a process on this machine can make system calls as.
package enum SeccompArchitecture: Hashable, Sendable, CaseIterable {
    case x86_64, x86, x32, aarch64, arm, riscv64

    #if arch(x86_64)
        /// The machine's own one.
        package static let machine = SeccompArchitecture.x86_64
        /// Those that programs on this machine can use; the default of a profile.
        package static let native: [SeccompArchitecture] = [.x86_64, .x86, .x32]
    #elseif arch(arm64)
        package static let machine = SeccompArchitecture.aarch64
        package static let native: [SeccompArchitecture] = [.aarch64, .arm]
    #elseif arch(riscv64)
        package static let machine = SeccompArchitecture.riscv64
        package static let native: [SeccompArchitecture] = [.riscv64]
    #endif

    /// A name of a profile file: libseccomp's `SCMP_ARCH_X86_64`, or Go's `amd64`. `nil` for those that this machine cannot be.
    package init?(name: String) {
        switch name {
        case "SCMP_ARCH_X86_64", "amd64": self = .x86_64
        case "SCMP_ARCH_X86", "x86", "386": self = .x86
        case "SCMP_ARCH_X32", "x32": self = .x32
        case "SCMP_ARCH_AARCH64", "arm64", "aarch64": self = .aarch64
        case "SCMP_ARCH_ARM", "arm": self = .arm
        case "SCMP_ARCH_RISCV64", "riscv64": self = .riscv64
        default: return nil
        }
    }

    /// SCMP_ARCH_*, for libseccomp.
    var token: UInt32 {
        switch self {
        case .x86_64: 0xc000_003e
        case .x86: 0x4000_0003
        case .x32: 0x4000_003e
        case .aarch64: 0xc000_00b7
        case .arm: 0x4000_0028
        case .riscv64: 0xc000_00f3
        }
    }

    /// AUDIT_ARCH_* as `seccomp_data.arch` shows it; x32 shares x86_64's and is told by `x32Bit` of the number.
    var auditValue: UInt32 { self == .x32 ? SeccompArchitecture.x86_64.token : token }

    static let x32Bit: UInt32 = 0x4000_0000
    /// From here on x32's numbers are its own.
    static let x32OwnNumbers: UInt32 = 512
}
