/// What the supervisor makes or keeps open for the pod. In packets the descriptors stand in the order of the bits.
package struct NamespaceKinds: OptionSet, Equatable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    package static let network = NamespaceKinds(rawValue: 1)
    package static let ipc = NamespaceKinds(rawValue: 2)
    package static let uts = NamespaceKinds(rawValue: 4)
    package static let user = NamespaceKinds(rawValue: 8)
    /// Not a namespace: the detached mount of the pod's /dev/shm, which lives as long as somebody holds it.
    package static let sharedMemory = NamespaceKinds(rawValue: 16)
    package static let namespaces: NamespaceKinds = [.network, .ipc, .uts, .user]
    package static let all: NamespaceKinds = [.network, .ipc, .uts, .user, .sharedMemory]
    /// The single kinds in the order of their bits.
    package static let ordered: [NamespaceKinds] = [.network, .ipc, .uts, .user, .sharedMemory]
    package var count: Int { rawValue.nonzeroBitCount }
}

/// One line of uid_map or gid_map, user_namespaces(7).
package struct IDMapping: Equatable, Sendable {
    package var inside, outside, count: UInt32

    package init(inside: UInt32, outside: UInt32, count: UInt32) {
        self.inside = inside
        self.outside = outside
        self.count = count
    }
}

/// A kernel parameter of the pod's namespaces, for example `net.ipv4.ip_forward` = `1`.
package struct KernelParameter: Equatable, Sendable {
    /// With dots or slashes, as sysctl(8) takes it.
    package var name: [UInt8]
    package var value: [UInt8]

    package init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// Makes the pod's namespaces; others may come along ready, as descriptors of the packet.
package struct CreateNamespacesRequest: MessageBody, Equatable {
    package var create: NamespaceKinds
    /// Set in the new uts namespace; empty leaves what it inherits.
    package var hostname: [UInt8]
    package var domainname: [UInt8]
    package var uidMappings: [IDMapping]
    package var gidMappings: [IDMapping]
    package var parameters: [KernelParameter]
    /// What the packet's descriptors are: to be kept as they are.
    package var passed: NamespaceKinds

    package init(
        create: NamespaceKinds, hostname: [UInt8] = [], domainname: [UInt8] = [], uidMappings: [IDMapping] = [],
        gidMappings: [IDMapping] = [], parameters: [KernelParameter] = [], passed: NamespaceKinds = []
    ) {
        self.create = create
        self.hostname = hostname
        self.domainname = domainname
        self.uidMappings = uidMappings
        self.gidMappings = gidMappings
        self.parameters = parameters
        self.passed = passed
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        create = NamespaceKinds(rawValue: try reader.uint8())
        guard create.isSubset(of: .namespaces) else { throw .badValue }
        hostname = try reader.text(limit: 64)
        domainname = try reader.text(limit: 64)
        uidMappings = try Self.mappings(&reader)
        gidMappings = try Self.mappings(&reader)
        parameters = []
        for _ in 0..<(try reader.count(elementSize: 8, limit: 256)) {
            parameters.append(KernelParameter(name: try reader.text(limit: 256), value: try reader.text(limit: 4096)))
        }
        passed = NamespaceKinds(rawValue: try reader.uint8())
        guard passed.isSubset(of: .all), passed.isDisjoint(with: create) else { throw .badValue }
    }

    package func write(to writer: inout MessageWriter) {
        writer.put(create.rawValue)
        writer.put(hostname)
        writer.put(domainname)
        Self.write(uidMappings, to: &writer)
        Self.write(gidMappings, to: &writer)
        writer.putCount(parameters.count)
        for parameter in parameters {
            writer.put(parameter.name)
            writer.put(parameter.value)
        }
        writer.put(passed.rawValue)
    }

    private static func mappings(_ reader: inout MessageReader) throws(MalformedMessage) -> [IDMapping] {
        var result: [IDMapping] = []
        for _ in 0..<(try reader.count(elementSize: 12, limit: 340)) {  // 340 lines: user_namespaces(7)
            result.append(
                IDMapping(inside: try reader.uint32(), outside: try reader.uint32(), count: try reader.uint32()))
        }
        return result
    }

    private static func write(_ mappings: [IDMapping], to writer: inout MessageWriter) {
        writer.putCount(mappings.count)
        for mapping in mappings {
            writer.put(mapping.inside)
            writer.put(mapping.outside)
            writer.put(mapping.count)
        }
    }
}

/// What the descriptors of the reply are.
package struct NamespacesReply: MessageBody, Equatable {
    package var kinds: NamespaceKinds

    package init(kinds: NamespaceKinds) { self.kinds = kinds }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        kinds = NamespaceKinds(rawValue: try reader.uint8())
    }

    package func write(to writer: inout MessageWriter) { writer.put(kinds.rawValue) }
}
