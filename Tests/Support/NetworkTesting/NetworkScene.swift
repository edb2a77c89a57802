import Glibc
import LinuxSystem
import Netlink
import PodNetwork

/// A pod network in a network namespace of its own, for a test's body. Afterwards nothing of it may be left in the kernel.
package struct NetworkScene {
    package let network: PodNetwork

    /// - Returns: What of links and tables was left when the network was torn down.
    package static func run(podCIDR: String = "10.79.0.0/24", _ body: (NetworkScene) throws -> Void) throws -> [String] {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        return try NetworkNamespace.runApart {
            guard let prefix = IPPrefix(podCIDR) else { preconditionFailure("no network: \(podCIDR)") }
            let network = try PodNetwork(
                .init(
                    instance: "scene", podCIDRs: [prefix], stateDirectory: "\(directory.path)/state",
                    netnsDirectory: "\(directory.path)/netns"))
            try network.prepare()
            try body(NetworkScene(network: network))
            _ = try network.tearDown()
            var links = try NetlinkSocket()
            var rules = try NetlinkSocket(.netfilter)
            let tables = [network.table, network.serviceSide.table, network.serviceSide.policyTable]
            let leftLinks = try links.links().map(\.name).filter { $0.hasPrefix("swl") }
            return leftLinks + (try tables.filter { try rules.netfilterTable($0) != nil })
        }
    }

    package func pod(_ name: String) throws -> NetworkPod { try NetworkPod(name, in: network) }

    /// Another machine: a namespace behind the link `uplink`, where the node is 192.0.2.1 and this one 192.0.2.2, with the node as its gateway.
    package func outside() throws -> OutsideMachine { try OutsideMachine() }
}

/// A pod without processes: its network namespace, for sockets of this process.
package final class NetworkPod {
    package let name: String
    package let attachment: PodNetworkAttachment
    private let namespace: OwnedFD

    package var address: IPAddress { attachment.addresses[0].address }
    package var gateway: IPAddress { attachment.gateways[0] }

    init(_ name: String, in network: PodNetwork) throws {
        self.name = name
        attachment = try network.attach(sandboxID: name)
        namespace = try NetworkNamespace.open(attachment.netnsPath)
    }

    package func inside<Success: ~Copyable>(_ body: () throws -> Success) throws -> Success {
        try NetworkNamespace.run(in: namespace, body)
    }
}

package final class OutsideMachine {
    private let namespace: OwnedFD
    package static let nodeAddress = IPAddress(v4: 0xC000_0201)
    package static let address = IPAddress(v4: 0xC000_0202)

    init() throws {
        var made = try NetworkNamespace.create()
        var socket = try NetlinkSocket()
        let ends = try socket.addVeth(LinkSettings(name: "uplink", isUp: true), peer: LinkSettings(name: "eth0"), in: made.descriptor)
        guard let near = IPPrefix(Self.nodeAddress, length: 24), let far = IPPrefix(Self.address, length: 24) else {
            preconditionFailure("24 is at most 32")
        }
        try socket.perform([.addAddress(near, toLink: ends.index)])
        try made.socket.perform([
            .setLink(.index(ends.peerIndex), LinkSettings(isUp: true)), .addAddress(far, toLink: ends.peerIndex),
            .addRoute(.default(via: Self.nodeAddress, linkIndex: ends.peerIndex)),
        ])
        namespace = made.intoDescriptor()
    }

    package func inside<Success: ~Copyable>(_ body: () throws -> Success) throws -> Success {
        try NetworkNamespace.run(in: namespace, body)
    }

    /// Takes the link away, so that the scene ends as it began.
    package func close() throws {
        var socket = try NetlinkSocket()
        try socket.perform([.deleteLink(.name("uplink"))])
    }
}

/// A directory that goes with its owner.
private final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/swiftlet-scene-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "mkdtemp")
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        if unlink(path) == 0 || errno == ENOENT { return }
        for name in (try? Files.namesIfAny(in: path)) ?? [] { remove("\(path)/\(name)") }
        _ = rmdir(path)
    }
}
