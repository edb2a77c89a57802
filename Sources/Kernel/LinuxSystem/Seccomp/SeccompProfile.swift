/// Which system calls a container may make: the model of the OCI and docker profile files, without their JSON.
package struct SeccompProfile: Hashable, Sendable {
    package var defaultAction: SeccompAction
    /// Architectures by their libseccomp constant; others are killed. Empty: the machine's own ones, `SeccompArchitecture.native`.
    package var architectures: [SeccompArchitecture]
    /// The first rule that matches a call decides. Rules without arguments go before those with.
    package var rules: [Rule]
    /// `nil`: SECCOMP_FILTER_FLAG_SPEC_ALLOW, as runc does.
    package var flags: SeccompFilter.Flags?

    package init(
        defaultAction: SeccompAction, architectures: [SeccompArchitecture] = [], rules: [Rule],
        flags: SeccompFilter.Flags? = nil
    ) {
        self.defaultAction = defaultAction
        self.architectures = architectures
        self.rules = rules
        self.flags = flags
    }

    package struct Rule: Hashable, Sendable {
        package var names: [String]
        package var action: SeccompAction
        /// All have to match.
        package var arguments: [SeccompArgument]
        /// All that are given have to hold.
        package var includes: Condition
        /// None that is given may hold.
        package var excludes: Condition

        package init(
            _ names: [String], _ action: SeccompAction, arguments: [SeccompArgument] = [], includes: Condition = .init(),
            excludes: Condition = .init()
        ) {
            self.names = names
            self.action = action
            self.arguments = arguments
            self.includes = includes
            self.excludes = excludes
        }
    }

    package struct Condition: Hashable, Sendable {
        /// All of them in the bounding set (`includes`), any of them (`excludes`).
        package var capabilities: CapabilitySet
        /// The machine's own architecture is one of them; empty: no condition.
        package var architectures: [SeccompArchitecture]
        /// The kernel is at least this.
        package var minimumKernel: KernelVersion?

        package init(
            capabilities: CapabilitySet = [], architectures: [SeccompArchitecture] = [], minimumKernel: KernelVersion? = nil
        ) {
            self.capabilities = capabilities
            self.architectures = architectures
            self.minimumKernel = minimumKernel
        }
    }
}

/// What happens to a call: SECCOMP_RET_*.
package enum SeccompAction: Hashable, Sendable {
    case allow, log, trap, killThread, killProcess
    case errno(UInt16)
    case trace(UInt16)

    /// The value that a filter returns, seccomp(2).
    package var returnValue: UInt32 {
        switch self {
        case .allow: 0x7fff_0000
        case .log: 0x7ffc_0000
        case .trace(let message): 0x7ff0_0000 | UInt32(message)
        case .errno(let number): 0x0005_0000 | UInt32(number)
        case .trap: 0x0003_0000
        case .killThread: 0x0000_0000
        case .killProcess: 0x8000_0000
        }
    }
}

/// A condition on one argument of a call, compared as 64 bits.
package struct SeccompArgument: Hashable, Sendable {
    package enum Comparison: Hashable, Sendable {
        case notEqual, less, lessOrEqual, equal, greaterOrEqual, greater
        /// `argument & mask == value`
        case maskedEqual(mask: UInt64)
    }
    /// 0 to 5.
    package var index: Int
    package var comparison: Comparison
    package var value: UInt64

    package init(_ index: Int, _ comparison: Comparison, _ value: UInt64) {
        self.index = index
        self.comparison = comparison
        self.value = value
    }
}

/// Why a profile is no filter: `syscall "ptrace" has two rules without arguments and different actions`.
package struct SeccompError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
