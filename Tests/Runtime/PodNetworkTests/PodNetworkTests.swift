import Glibc
import LinuxSystem
import Netlink
import Nftables
import Testing

@testable import PodNetwork

/// The whole pod network in the kernel, each test in a network and a mount namespace of its own.
@Suite(.enabled(if: geteuid() == 0, "needs root"))
struct PodNetworkTests {
    private let directory = TemporaryDirectory()

    private func configuration(_ instance: String = "test", cidrs: [String] = ["10.244.0.0/24"], masquerade: Bool = true) throws
        -> PodNetworkConfiguration
    {
        PodNetworkConfiguration(
            instance: instance, podCIDRs: try cidrs.map { try #require(IPPrefix($0)) },
            stateDirectory: "\(directory.path)/\(instance)/state",
            netnsDirectory: "\(directory.path)/\(instance)/netns", masquerade: masquerade)
    }

    /// Runs the scenario apart; afterwards nothing of the instance may be left in the kernel or on disk.
    private func scenario(
        _ configuration: PodNetworkConfiguration, _ body: (PodNetwork) throws -> Void
    ) throws {
        try NetworkNamespace.runApart {
            let network = try PodNetwork(configuration)
            try network.prepare()
            try body(network)
            _ = try network.tearDown()
            #expect(try Node.links() == ["lo"])
            #expect(try Node.table(network.table) == nil)
            #expect(
                try Files.namesIfAny(in: configuration.netnsDirectory) == [] && Files.namesIfAny(in: configuration.stateDirectory) == [])
            #expect(try network.tearDown() == [])
        }
    }

    private enum Node {
        static func links() throws -> [String] {
            var socket = try NetlinkSocket()
            return try socket.links().map(\.name).sorted()
        }
        static func link(_ name: String) throws -> Link? {
            var socket = try NetlinkSocket()
            return try socket.link(.name(name))
        }
        static func table(_ name: String) throws -> NetfilterTable? {
            var socket = try NetlinkSocket(.netfilter)
            return try socket.netfilterTable(name)
        }
    }

    private func inside<Success: ~Copyable>(_ pod: PodNetworkAttachment, _ body: () throws -> Success) throws -> Success {
        try NetworkNamespace.run(in: try NetworkNamespace.open(pod.netnsPath), body)
    }

    /// A connection from one place to another, and the address it seems to come from.
    private func peer(
        of server: borrowing OwnedFD, from pod: PodNetworkAttachment, to host: IPAddress, _ port: UInt16
    ) throws -> IPAddress {
        let client = try inside(pod) { try TCP.connect(host, port) }
        defer { _ = client.rawValue }
        return try TCP.acceptedPeer(server)
    }

    @Test func `a sandbox gets what its attachment says`() throws {
        try scenario(configuration()) { network in
            let pod = try network.attach(sandboxID: "a")
            #expect(pod.addresses.map(\.description) == ["10.244.0.2/24"] && pod.gateways.map(\.description) == ["10.244.0.1"])
            #expect(pod.mtu == 1500 && pod.interface == "eth0")
            #expect(network.attachment(sandboxID: "a") == pod)
            #expect(network.attachment(sandboxID: "b") == nil)
            let (links, addresses, routes) = try inside(pod) {
                var socket = try NetlinkSocket()
                return (try socket.links(), try socket.addresses(), try socket.routes(.v4))
            }
            let eth0 = try #require(links.first { $0.name == "eth0" })
            #expect(eth0.isUp && eth0.address == pod.mac && eth0.mtu == pod.mtu)
            #expect(links.first { $0.name == "lo" }?.isUp == true)
            #expect(addresses.filter { $0.linkIndex == eth0.index }.map(\.prefix) == pod.addresses)
            #expect(routes.contains { $0.isDefault && $0.gateway == pod.gateways[0] && $0.linkIndex == eth0.index })
            let host = try #require(try Node.link(pod.hostInterface))
            #expect(try host.isUp && host.master == Node.link(network.bridge)?.index)
        }
    }

    @Test func `pods reach each other and the node, under their own addresses`() throws {
        try scenario(configuration()) { network in
            let (one, two) = (try network.attach(sandboxID: "one"), try network.attach(sandboxID: "two"))
            let inPod = try inside(two) { try TCP.listen(8080) }
            #expect(try peer(of: inPod, from: one, to: two.addresses[0].address, 8080) == one.addresses[0].address)
            let onNode = try TCP.listen(8081)
            #expect(try peer(of: onNode, from: one, to: one.gateways[0], 8081) == one.addresses[0].address)
            _ = try TCP.connect(two.addresses[0].address, 8080)  // node to pod
            #expect(try TCP.acceptedPeer(inPod) == two.gateways[0])
            let own = try inside(one) { try TCP.listen(8082) }
            #expect(try peer(of: own, from: one, to: try #require(IPAddress("127.0.0.1")), 8082).isLoopback)
        }
    }

    @Test(arguments: [true, false])
    func `the outside sees the node's address, when masquerading`(masquerade: Bool) throws {
        try scenario(configuration(masquerade: masquerade)) { network in
            let pod = try network.attach(sandboxID: "a")
            let outside = try outsideWorld(routeTo: masquerade ? nil : network.configuration.podCIDRs[0])
            let server = try NetworkNamespace.run(in: outside) { try TCP.listen(80) }
            let seen = try peer(of: server, from: pod, to: try #require(IPAddress("192.0.2.2")), 80)
            #expect(seen == (masquerade ? IPAddress("192.0.2.1") : pod.addresses[0].address))
            #expect(try (Node.table(network.table) != nil) == masquerade)
            var socket = try NetlinkSocket()
            try socket.perform([.deleteLink(.name("uplink"))])
        }
    }

    /// A namespace behind a veth `uplink`: the node is 192.0.2.1, the other side 192.0.2.2.
    private func outsideWorld(routeTo pods: IPPrefix?) throws -> OwnedFD {
        var outside = try NetworkNamespace.create()
        var socket = try NetlinkSocket()
        let (near, far) = (try #require(IPPrefix("192.0.2.1/24")), try #require(IPPrefix("192.0.2.2/24")))
        let ends = try socket.addVeth(LinkSettings(name: "uplink", isUp: true), peer: LinkSettings(name: "eth0"), in: outside.descriptor)
        try socket.perform([.addAddress(near, toLink: ends.index)])
        var requests: [NetlinkRequest] = [
            .setLink(.index(ends.peerIndex), LinkSettings(isUp: true)), .addAddress(far, toLink: ends.peerIndex),
        ]
        if let pods { requests.append(.addRoute(Route(to: pods, via: near.address))) }
        try outside.socket.perform(requests)
        return outside.intoDescriptor()
    }

    @Test func `both families`() throws {
        try scenario(configuration(cidrs: ["10.244.0.0/24", "fd00:1::/64"])) { network in
            let pod = try network.attach(sandboxID: "a")
            #expect(pod.addresses.map(\.description) == ["10.244.0.2/24", "fd00:1::2/64"])
            let (addresses, routes) = try inside(pod) {
                var socket = try NetlinkSocket()
                return (try socket.addresses().map(\.prefix), try socket.routes(.v6))
            }
            #expect(Set(addresses).isSuperset(of: pod.addresses))
            #expect(routes.contains { $0.isDefault && $0.gateway == pod.gateways[1] })
        }
    }

    @Test func `a namespace that exists is wired too`() throws {
        try scenario(configuration()) { network in
            let one = try network.attach(sandboxID: "one")
            let own = try NetworkNamespace.create()
            let two = try network.attach(sandboxID: "two", netns: own.descriptor)
            #expect(try NetworkNamespace.inode(of: own.descriptor) == NetworkNamespace.inode(of: NetworkNamespace.open(two.netnsPath)))
            let server = try NetworkNamespace.run(in: own.descriptor) { try TCP.listen(8080) }
            #expect(try peer(of: server, from: one, to: two.addresses[0].address, 8080) == one.addresses[0].address)
        }
    }

    @Test func `a failed attach leaves nothing`() throws {
        try scenario(configuration()) { network in
            let taken = try NetworkNamespace.create()  // its eth0 is in the way
            let other = try NetworkNamespace.create()
            var socket = try NetlinkSocket()
            _ = try socket.addVeth(LinkSettings(name: "in-the-way"), peer: LinkSettings(name: "eth0"), in: taken.descriptor)
            #expect { try network.attach(sandboxID: "a", netns: taken.descriptor) } throws: { error in
                "\(error)".hasPrefix("attach sandbox a to the pod network: add veth ") && "\(error)".contains("File exists")
            }
            #expect(network.attachment(sandboxID: "a") == nil)
            #expect(try Files.namesIfAny(in: network.configuration.netnsDirectory) == [])
            #expect(try eventually { try network.reservedAddresses().isEmpty })
            try socket.perform([.deleteLink(.name("in-the-way"))])
            #expect(throws: Never.self) { try network.attach(sandboxID: "a", netns: other.descriptor) }
        }
    }

    @Test(arguments: ["", ".a", "a/b", "a b", "ä", String(repeating: "a", count: 201)])
    func `impossible sandbox IDs`(id: String) throws {
        try NetworkNamespace.runApart {
            let network = try PodNetwork(configuration())
            #expect(throws: PodNetworkError.self) { try network.attach(sandboxID: id) }
            _ = try network.tearDown()
        }
    }

    @Test func `a sandbox is attached once and detached as often as one likes`() throws {
        try scenario(configuration()) { network in
            _ = try network.attach(sandboxID: "a")
            #expect { try network.attach(sandboxID: "a") } throws: { error in
                "\(error)" == "attach sandbox a to the pod network: it has address 10.244.0.2 already"
                    && (error as? PodNetworkError)?.code == .alreadyExists
            }
            for _ in 0..<3 { try network.detach(sandboxID: "a") }
            try network.detach(sandboxID: "never seen")
            _ = try network.attach(sandboxID: "a")
        }
    }

    @Test func `preparing again changes nothing and mends what is broken`() throws {
        try scenario(configuration()) { network in
            let bridge = try Node.link(network.bridge)?.index
            let table = try #require(try Node.table(network.table))
            #expect(try network.prepare() == [])
            #expect(try Node.link(network.bridge)?.index == bridge && Node.table(network.table) == table)
            try Nftables().remove(network.table)
            var socket = try NetlinkSocket()
            try socket.perform([.setLink(.name(network.bridge), LinkSettings(isUp: false))])
            try network.prepare()
            #expect(try Node.table(network.table) == table && Node.link(network.bridge)?.isUp == true)
            #expect(try Files.readText("/proc/sys/net/ipv4/ip_forward") == "1\n")
        }
    }

    @Test func `a pod CIDR that another link serves is refused`() throws {
        try NetworkNamespace.runApart {
            var socket = try NetlinkSocket()
            try socket.perform([.addBridge(LinkSettings(name: "other", isUp: true))])
            let index = try #require(try socket.link(.name("other"))?.index)
            try socket.perform([.addAddress(try #require(IPPrefix("10.244.0.9/25")), toLink: index)])
            let network = try PodNetwork(configuration())
            #expect { try network.prepare() } throws: { error in
                "\(error)".hasSuffix("pod CIDR 10.244.0.0/24: other already has a route to 10.244.0.0/25: choose another pod CIDR")
            }
            _ = try network.tearDown()
        }
    }

    @Test func `two instances live side by side`() throws {
        try scenario(configuration()) { one in
            let two = try PodNetwork(configuration("second", cidrs: ["10.245.0.0/24"]))
            try two.prepare()
            let (a, b) = (try one.attach(sandboxID: "a"), try two.attach(sandboxID: "a"))
            #expect(a.hostInterface != b.hostInterface && one.bridge != two.bridge)
            _ = try two.tearDown()
            #expect(try Node.link(a.hostInterface) != nil && Node.table(one.table) != nil)
        }
    }

    @Test func `tearing down says what it removed`() throws {
        try NetworkNamespace.runApart {
            let network = try PodNetwork(configuration())
            try network.prepare()
            let pod = try network.attach(sandboxID: "a")
            let lines = try network.tearDown()
            for line in [
                "network namespace \(pod.netnsPath)", "link \(network.bridge)", "nftables table inet \(network.table)",
                "address 10.244.0.2",
            ] {
                #expect(lines.contains(line), "\(line)")
            }
        }
    }
}
