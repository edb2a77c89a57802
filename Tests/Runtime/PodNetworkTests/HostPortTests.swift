import Glibc
import LinuxSystem
import Netlink
import Nftables
import Testing

@testable import PodNetwork

/// What entries a host port has in the kernel's maps, as commands.
struct HostPortRulesTests {
    private func commands(_ ports: [HostPort], _ addresses: [String]) throws -> [String] {
        let plan = try AddressPlan(try ["10.244.0.0/24", "fd00:1::/64"].map { try #require(IPPrefix($0)) })
        let rules = HostPortRules(names: InstanceNames(instance: "test"), plan: plan)
        let targets = try addresses.map { try #require(IPAddress($0)) }
        let text = rules.commands(.add, try ports.flatMap { try HostPortForward.all($0, to: targets) })
        return text.split(separator: "\n").map {
            String($0).replacing("add element inet \(InstanceNames(instance: "test").table)-ports ", with: "")
        }
    }

    @Test func `a port leads to the sandbox's address of each family that it is asked for`() throws {
        let both = ["10.244.0.2", "fd00:1::2"]
        func at(_ address: String?, _ transport: HostPort.Transport = .tcp) throws -> [String] {
            try commands([HostPort(transport, port: 8080, address: address.flatMap { IPAddress($0) }, sandboxPort: 80)], both)
        }
        let four = "ports4 { tcp . 8080 : 10.244.0.2 . 80 }"
        #expect(try at(nil) == [four, "ports6 { tcp . 8080 : fd00:1::2 . 80 }"])
        #expect(try at("0.0.0.0") == [four])
        #expect(try at("::", .sctp) == ["ports6 { sctp . 8080 : fd00:1::2 . 80 }"])
        #expect(try at("127.0.0.1", .udp) == ["addresses4 { 127.0.0.1 . udp . 8080 : 10.244.0.2 . 80 }"])
        #expect(try at("fd00::9") == ["addresses6 { fd00::9 . tcp . 8080 : fd00:1::2 . 80 }"])
    }

    @Test func `an address of a family that the sandbox lacks is refused`() throws {
        let error = try #require(throws: PodNetworkError.self) {
            try commands([HostPort(.tcp, port: 80, address: IPAddress("::1"), sandboxPort: 80)], ["10.244.0.2"])
        }
        #expect(error.description == "host port [::1]:80/tcp: the sandbox has no address of this family")
    }

    @Test(
        arguments: [
            (nil, nil, true), (nil, "127.0.0.1", true), ("127.0.0.1", "127.0.0.1", true), ("127.0.0.1", "127.0.0.2", false),
        ] as [(String?, String?, Bool)])
    func `ports overlap when a packet could be for both`(one: String?, other: String?, overlaps: Bool) {
        func key(_ address: String?, _ transport: HostPort.Transport = .tcp, port: UInt16 = 80) -> HostPortForward.Key {
            .init(family: .v4, transport: transport, address: address.flatMap { IPAddress($0) }, port: port)
        }
        #expect(key(one).overlaps(key(other)) == overlaps && key(other).overlaps(key(one)) == overlaps)
        #expect(!key(one).overlaps(key(other, .udp)) && !key(one).overlaps(key(other, port: 81)))
    }
}

/// Host ports in the kernel, each test in a network and a mount namespace of its own.
@Suite(.enabled(if: geteuid() == 0, "needs root"))
struct HostPortTests {
    private let directory = TemporaryDirectory()
    private let loopback = IPAddress(v4: 0x7f00_0001)

    private func network(_ instance: String = "test", cidr: String = "10.244.0.0/24", masquerade: Bool = false) throws -> PodNetwork {
        let network = try PodNetwork(
            PodNetworkConfiguration(
                instance: instance, podCIDRs: [try #require(IPPrefix(cidr))], stateDirectory: "\(directory.path)/\(instance)/state",
                netnsDirectory: "\(directory.path)/\(instance)/netns", masquerade: masquerade))
        try network.prepare()
        return network
    }

    /// A node of its own with `lo` up and its own links in /sys, as every machine has them.
    private func apart(_ body: () throws -> Void) throws {
        try NetworkNamespace.runApart {
            guard mount("sysfs", "/sys", "sysfs", 0, nil) == 0 else { throw SystemError("mount /sys", .current) }
            var socket = try NetlinkSocket()
            try socket.perform([.setLink(.name("lo"), LinkSettings(isUp: true))])
            try body()
        }
    }

    private func inside<Success: ~Copyable>(_ pod: PodNetworkAttachment, _ body: () throws -> Success) throws -> Success {
        try NetworkNamespace.run(in: try NetworkNamespace.open(pod.netnsPath), body)
    }

    private func map(_ network: PodNetwork, _ pod: PodNetworkAttachment, _ ports: HostPort...) throws {
        #expect(try network.mapHostPorts(ports, sandboxID: pod.sandboxID, addresses: pod.addresses.map(\.address)) == [])
    }

    private func table(_ network: PodNetwork) throws -> NetfilterTable? {
        var socket = try NetlinkSocket(.netfilter)
        return try socket.netfilterTable(network.hostPortTable)
    }

    private func elements(_ network: PodNetwork) throws -> [Substring] {
        try Nftables().run("list table inet \(network.hostPortTable)").split(separator: "\n").filter {
            $0.contains(" : ") && !$0.contains("type ")
        }
    }

    /// Where a connection seems to come from.
    private func peer(of server: borrowing OwnedFD, _ connect: () throws -> OwnedFD) throws -> IPAddress {
        let client = try connect()
        defer { _ = client.rawValue }
        return try TCP.acceptedPeer(server)
    }

    @Test(arguments: [true, false])
    func `a host port leads from everywhere to the pod`(masquerade: Bool) throws {
        try apart {
            let network = try network(masquerade: masquerade)
            let (pod, other) = (try network.attach(sandboxID: "a"), try network.attach(sandboxID: "b"))
            #expect(try table(network) == nil)
            try map(network, pod, HostPort(.tcp, port: 8080, sandboxPort: 80))
            let server = try inside(pod) { try TCP.listen(80) }
            let gateway = pod.gateways[0]
            // From the node, by its loopback address and by another one of its own.
            #expect(try peer(of: server) { try TCP.connect(loopback, 8080) } == gateway)
            #expect(try peer(of: server) { try TCP.connect(gateway, 8080) } == gateway)
            // From pods, by the node's address: another pod, and the very same one.
            #expect(try peer(of: server) { try inside(other) { try TCP.connect(gateway, 8080) } } == gateway)
            #expect(try peer(of: server) { try inside(pod) { try TCP.connect(gateway, 8080) } } == gateway)
            // What is not for the node passes by.
            #expect(throws: SystemError.self) { _ = try inside(other) { try TCP.connect(other.addresses[0].address, 8080) } }
            #expect(try network.tearDown().contains("nftables table inet \(network.hostPortTable)"))
            #expect(try table(network) == nil)
        }
    }

    @Test func `a host port leads from other machines to the pod, under their own addresses`() throws {
        try apart {
            let network = try network()
            let pod = try network.attach(sandboxID: "a")
            try map(network, pod, HostPort(.tcp, port: 8080, sandboxPort: 80))
            let server = try inside(pod) { try TCP.listen(80) }
            var outside = try NetworkNamespace.create()
            var socket = try NetlinkSocket()
            let (near, far) = (try #require(IPPrefix("192.0.2.1/24")), try #require(IPPrefix("192.0.2.2/24")))
            let ends = try socket.addVeth(LinkSettings(name: "up", isUp: true), peer: LinkSettings(name: "eth0"), in: outside.descriptor)
            try socket.perform([.addAddress(near, toLink: ends.index)])
            try outside.socket.perform([
                .setLink(.index(ends.peerIndex), LinkSettings(isUp: true)), .addAddress(far, toLink: ends.peerIndex),
            ])
            let namespace = outside.intoDescriptor()
            let seen = try peer(of: server) { try NetworkNamespace.run(in: namespace) { try TCP.connect(near.address, 8080) } }
            #expect(seen == far.address)
            _ = try network.tearDown()
        }
    }

    @Test func `a host port at one address is open at no other`() throws {
        try apart {
            let network = try network()
            let (pod, other) = (try network.attach(sandboxID: "a"), try network.attach(sandboxID: "b"))
            try map(network, pod, HostPort(.tcp, port: 8080, address: loopback, sandboxPort: 80))
            try map(network, other, HostPort(.tcp, port: 8080, address: pod.gateways[0], sandboxPort: 81))
            let server = try inside(pod) { try TCP.listen(80) }
            let second = try inside(other) { try TCP.listen(81) }
            _ = try peer(of: server) { try TCP.connect(loopback, 8080) }
            _ = try peer(of: second) { try TCP.connect(pod.gateways[0], 8080) }
            try network.unmapHostPorts(sandboxID: "b")
            #expect(throws: SystemError.self) { _ = try TCP.connect(pod.gateways[0], 8080) }
            _ = try peer(of: server) { try TCP.connect(loopback, 8080) }
            _ = try network.tearDown()
        }
    }

    @Test func `a port that is taken is refused whole, and free again after`() throws {
        try apart {
            let network = try network()
            let (pod, other) = (try network.attach(sandboxID: "a"), try network.attach(sandboxID: "b"))
            try map(network, pod, HostPort(.tcp, port: 8080, sandboxPort: 80), HostPort(.udp, port: 8080, sandboxPort: 80))
            let wanted = [HostPort(.tcp, port: 9090, sandboxPort: 90), HostPort(.tcp, port: 8080, address: loopback, sandboxPort: 80)]
            let addresses = other.addresses.map(\.address)
            let error = try #require(throws: PodNetworkError.self) {
                try network.mapHostPorts(wanted, sandboxID: "b", addresses: addresses)
            }
            #expect(error.code == .alreadyExists)
            #expect(error.description == "map host ports of sandbox b: port 8080/tcp leads to sandbox a already")
            #expect(try elements(network).count == 2)
            // The same from a process that knows nothing of the first.
            let stranger = try self.network()
            let second = try #require(throws: PodNetworkError.self) {
                try stranger.mapHostPorts([HostPort(.tcp, port: 8080, sandboxPort: 1)], sandboxID: "b", addresses: addresses)
            }
            #expect(second.code == .alreadyExists)
            #expect(
                second.description == "map host ports of sandbox b: port 8080/tcp of the node is another program's: "
                    + "bind 0.0.0.0:8080/tcp: Address already in use")
            // Also when the first is not there any more to hold it: the kernel's maps object.
            network.letGoOfHostPorts()
            let third = try #require(throws: PodNetworkError.self) {
                try stranger.mapHostPorts([HostPort(.tcp, port: 8080, sandboxPort: 1)], sandboxID: "b", addresses: addresses)
            }
            #expect(third.code == .alreadyExists && third.description.contains("a port leads to another sandbox already"))
            let first = [HostPort(.tcp, port: 8080, sandboxPort: 80), HostPort(.udp, port: 8080, sandboxPort: 80)]
            #expect(try network.restoreHostPorts(["a": (first, pod.addresses.map(\.address))], replacing: false) == [])
            try network.unmapHostPorts(sandboxID: "a")
            try network.unmapHostPorts(sandboxID: "a")
            #expect(try elements(network) == [])
            try map(network, other, HostPort(.tcp, port: 8080, sandboxPort: 80))
            _ = try network.tearDown()
        }
    }

    @Test(arguments: [HostPort.Transport.tcp, .udp])
    func `a port that a program of the node has is refused, and a second instance too`(transport: HostPort.Transport) throws {
        try apart {
            let (network, neighbour) = (try network(), try self.network("other", cidr: "10.245.0.0/24"))
            let (pod, other) = (try network.attach(sandboxID: "a"), try neighbour.attach(sandboxID: "b"))
            let port = HostPort(transport, port: 8080, sandboxPort: 80)
            func refusal(_ network: PodNetwork, _ pod: PodNetworkAttachment) throws -> String {
                let error = try #require(throws: PodNetworkError.self) {
                    try network.mapHostPorts([port], sandboxID: pod.sandboxID, addresses: pod.addresses.map(\.address))
                }
                #expect(error.code == .alreadyExists)
                return error.description
            }
            let text = "port 8080/\(transport.rawValue) of the node is another program's: bind 0.0.0.0:8080/\(transport.rawValue): "
            do {
                let program = transport == .tcp ? try TCP.listen(8080) : try UDP.bound(8080)
                defer { _ = program.rawValue }
                #expect(try refusal(network, pod) == "map host ports of sandbox a: \(text)Address already in use")
                #expect(try table(network) == nil)
            }
            try map(network, pod, port)
            #expect(try refusal(neighbour, other) == "map host ports of sandbox b: \(text)Address already in use")
            try network.unmapHostPorts(sandboxID: "a")
            try map(neighbour, other, port)
            for one in [network, neighbour] { _ = try one.tearDown() }
        }
    }

    /// As a program would that keeps its socket: always from the same port, so that it is one flow for the kernel.
    @Test func `a UDP client is led to the pod that has the port now, not to the one that had it`() throws {
        try apart {
            let network = try network()
            let (pod, other) = (try network.attach(sandboxID: "a"), try network.attach(sandboxID: "b"))
            let first = try inside(pod) { try UDP.bound(53) }
            let second = try inside(other) { try UDP.bound(53) }
            let client = try UDP.bound(4000)
            let port = HostPort(.udp, port: 5353, sandboxPort: 53)
            func send(_ text: String) throws { try UDP.send(text, client, to: pod.gateways[0], 5353) }
            // Before there is a port, the flow is one to the node itself.
            try send("early")
            try map(network, pod, port)
            try send("one")
            #expect(try UDP.receive(first) == "one")
            try network.unmapHostPorts(sandboxID: "a")
            try map(network, other, port)
            try send("two")
            #expect(try UDP.receive(second) == "two")
            _ = try network.tearDown()
        }
    }

    @Test func `a restart keeps the ports of the living and takes those of the dead`() throws {
        try apart {
            let network = try network()
            let (pod, dead) = (try network.attach(sandboxID: "a"), try network.attach(sandboxID: "dead"))
            let port = HostPort(.tcp, port: 8080, sandboxPort: 80)
            try map(network, pod, port)
            try map(network, dead, HostPort(.sctp, port: 9, sandboxPort: 9))
            let server = try inside(pod) { try TCP.listen(80) }

            let later = try self.network()
            try later.restoreHostPorts(["a": ([port], pod.addresses.map(\.address))], replacing: true)
            #expect(try elements(later).count == 1)
            _ = try peer(of: server) { try TCP.connect(loopback, 8080) }
            try later.unmapHostPorts(sandboxID: "a")
            #expect(try elements(later) == [])

            // Emptied by somebody: what is wanted comes back, and taking it away again is no error.
            try later.restoreHostPorts(["a": ([port], pod.addresses.map(\.address))], replacing: false)
            try Nftables().run("flush map inet \(later.hostPortTable) ports4")
            try later.unmapHostPorts(sandboxID: "a")
            try later.restoreHostPorts([:], replacing: true)
            #expect(try table(later) == nil)
            _ = try later.tearDown()
        }
    }

    /// The bridge has `route_localnet`, without which 127.0.0.1 could not lead to pods (CVE-2020-8558).
    @Test func `a pod cannot reach the node's loopback servers`() throws {
        try apart {
            let network = try network()
            let pod = try network.attach(sandboxID: "a")
            try map(network, pod, HostPort(.tcp, port: 8080, sandboxPort: 80))
            let onNode = try TCP.listen(7000)
            defer { _ = onNode.rawValue }
            #expect(try Files.readText("/proc/sys/net/ipv4/conf/\(network.bridge)/route_localnet") == "1\n")
            // The pod makes 127.0.0.1 an address beyond its gateway.
            try inside(pod) {
                try Files.write("1", to: "/proc/sys/net/ipv4/conf/eth0/route_localnet")
                var socket = try NetlinkSocket()
                let eth0 = try #require(try socket.link(.name("eth0")))
                try socket.perform([.setLink(.name("lo"), LinkSettings(isUp: false))])
                try socket.perform([
                    .addRoute(Route(to: try #require(IPPrefix("127.0.0.0/8")), via: pod.gateways[0], linkIndex: eth0.index))
                ])
            }
            #expect(throws: SystemError.self) { _ = try inside(pod) { try TCP.connect(loopback, 7000, timeoutSeconds: 1) } }
            _ = try network.tearDown()
        }
    }
}
