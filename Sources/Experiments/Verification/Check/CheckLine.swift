/// What this machine has of one feature: a line of `swiftlet check`.
package struct CheckLine: Sendable, Hashable {
    package enum State: String, Sendable, Hashable, CaseIterable {
        case ok
        /// There, but little of it; or not there, and pods run without it.
        case warn
        /// Missing, and something that pods ask for does not work without it.
        case fail
        /// It could not be found out.
        case unknown
    }

    package var feature: Feature
    package var state: State
    /// What the probe saw: a number, a kernel's error.
    package var found: String

    package init(feature: Feature, state: State, found: String) {
        self.feature = feature
        self.state = state
        self.found = found
    }
}

/// Something that pods need of a machine.
package struct Feature: Sendable, Hashable {
    package enum Group: String, Sendable, Hashable, CaseIterable {
        case privileges, kernel, namespaces, cgroups, mounts, security, network, limits, clock, disk
    }

    package var group: Group
    package var name: String
    /// Who cannot do without: a field of a pod, a part of the runtime.
    package var neededBy: String
    /// What does not work where it is missing.
    package var lost: String
    /// A command, or what to do.
    package var mend: String
    /// Otherwise its absence is a warning.
    package var isRequired: Bool

    package init(_ group: Group, _ name: String, neededBy: String, lost: String, mend: String, isRequired: Bool = true) {
        self.group = group
        self.name = name
        self.neededBy = neededBy
        self.lost = lost
        self.mend = mend
        self.isRequired = isRequired
    }
}
