/// One rule of a device filter: whether an access to certain device nodes is allowed. Later rules win, access by access.
package struct DeviceRule: Sendable, Hashable {
    package enum Kind: Sendable, Hashable, CaseIterable { case all, character, block }

    package struct Access: OptionSet, Sendable, Hashable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }
        package static let mknod = Access(rawValue: 1)
        package static let read = Access(rawValue: 2)
        package static let write = Access(rawValue: 4)
        package static let all: Access = [.mknod, .read, .write]
    }

    package var isAllowed: Bool
    package var kind: Kind
    /// `nil` is any.
    package var major: UInt32?
    package var minor: UInt32?
    package var access: Access

    package init(allow: Bool, _ kind: Kind, major: UInt32? = nil, minor: UInt32? = nil, _ access: Access = .all) {
        isAllowed = allow
        self.kind = kind
        self.major = major
        self.minor = minor
        self.access = access
    }

    package static func allow(_ kind: Kind, _ major: UInt32? = nil, _ minor: UInt32? = nil, _ access: Access = .all)
        -> DeviceRule
    {
        DeviceRule(allow: true, kind, major: major, minor: minor, access)
    }

    package static func deny(_ kind: Kind, _ major: UInt32? = nil, _ minor: UInt32? = nil, _ access: Access = .all)
        -> DeviceRule
    {
        DeviceRule(allow: false, kind, major: major, minor: minor, access)
    }
}

extension DeviceRule {
    /// What every container may use (OCI runtime-spec, "Default Devices"): nodes may be made, but only the harmless ones opened.
    package static let containerDefaults: [DeviceRule] = [
        .deny(.all),
        .allow(.character, nil, nil, .mknod),
        .allow(.block, nil, nil, .mknod),
        .allow(.character, 1, 3),  // null
        .allow(.character, 1, 5),  // zero
        .allow(.character, 1, 7),  // full
        .allow(.character, 1, 8),  // random
        .allow(.character, 1, 9),  // urandom
        .allow(.character, 5, 0),  // tty
        .allow(.character, 5, 1),  // console
        .allow(.character, 5, 2),  // ptmx
        .allow(.character, 136, nil),  // pts/*
    ]
}
