import Glibc
import LinuxSystem
import Netlink
import Testing

/// The kernel for real, in namespaces that end with the test.
@Suite(.enabled(if: geteuid() == 0, "needs root"))
struct NetlinkSocketTests {
    /// Runs in a namespace of its own, with a socket in it.
    private func apart(_ body: (Node) throws -> Void) throws {
        try NetworkNamespace.runApart { try body(Node(socket: try NetlinkSocket())) }
    }

    /// A namespace and the socket in it, by reference: the macros' closures cannot capture a noncopyable `inout`.
    private final class Node {
        var socket: NetlinkSocket
        init(socket: consuming NetlinkSocket) { self.socket = socket }
    }

    private final class Pod {
        var created: NetworkNamespace.Created
        init() throws { created = try NetworkNamespace.create() }
    }

    @Test func `a new namespace has nothing but lo`() throws {
        let pod = try Pod()
        let links = try pod.created.socket.links()
        let loopback = try #require(links.first { $0.name == "lo" })
        #expect(loopback.isLoopback && !loopback.isUp)
        #expect(try NetworkNamespace.inode(of: pod.created.descriptor) != NetworkNamespace.inode(of: NetworkNamespace.current()))
    }

    @Test func `the calling thread stays where it is`() throws {
        let before = try NetworkNamespace.inode(of: NetworkNamespace.current())
        let pod = try Pod()
        let inside = try NetworkNamespace.run(in: pod.created.descriptor) { try NetworkNamespace.inode(of: NetworkNamespace.current()) }
        #expect(try inside == NetworkNamespace.inode(of: pod.created.descriptor))
        #expect(try NetworkNamespace.inode(of: NetworkNamespace.current()) == before)
    }

    @Test func `bridge, veth, addresses, routes, neighbours`() throws {
        try apart { node in
            let mac = try #require(MACAddress("0a:58:0a:f4:00:01"))
            try node.socket.perform([.addBridge(LinkSettings(name: "br", isUp: true, mtu: 1400, address: mac))])
            let bridge = try #require(try node.socket.link(.name("br")))
            #expect(bridge.kind == "bridge" && bridge.isUp && bridge.mtu == 1400 && bridge.address == mac)

            let pod = try Pod()
            let ends = try node.socket.addVeth(
                LinkSettings(name: "host", isUp: true, mtu: 1400, master: bridge.index, group: 77),
                peer: LinkSettings(name: "eth0", mtu: 1400, address: MACAddress("0a:58:0a:f4:00:02")), in: pod.created.descriptor)
            let host = try #require(try node.socket.link(.index(ends.index)))
            #expect(host.name == "host" && host.kind == "veth" && host.master == bridge.index && host.group == 77 && host.isUp)
            #expect(host.linkIndex == ends.peerIndex && host.linkNamespaceID != nil)

            let address = try #require(IPPrefix("10.244.0.2/24"))
            let six = try #require(IPPrefix("fd00::2/64"))
            let gateway = try #require(IPAddress("10.244.0.1"))
            try pod.created.socket.perform([
                .setLink(.name("lo"), LinkSettings(isUp: true)), .setLink(.index(ends.peerIndex), LinkSettings(isUp: true)),
                .addAddress(address, toLink: ends.peerIndex), .addAddress(six, toLink: ends.peerIndex),
                .addRoute(.default(via: gateway, linkIndex: ends.peerIndex)),
                .addRoute(Route(to: try #require(IPPrefix("192.0.2.0/24")), linkIndex: ends.peerIndex, metric: 7)),
                .setNeighbour(gateway, mac, onLink: ends.peerIndex),
            ])
            let inside = try #require(try pod.created.socket.link(.name("eth0")))
            #expect(inside.index == ends.peerIndex && inside.isUp && inside.address?.description == "0a:58:0a:f4:00:02")
            let addresses = try pod.created.socket.addresses(linkIndex: inside.index).map(\.prefix)
            #expect(addresses.contains(address) && addresses.contains(six))
            let routes = try pod.created.socket.routes(.v4)
            #expect(routes.contains { $0.isDefault && $0.gateway == gateway && $0.linkIndex == inside.index })
            #expect(routes.contains { $0.destination.description == "192.0.2.0/24" && $0.metric == 7 && $0.gateway == nil })
            #expect(try pod.created.socket.routes(.v6).contains { $0.destination.description == "fd00::/64" })
            #expect(try pod.created.socket.neighbours(.v4).contains { $0.address == gateway && $0.isPermanent && $0.linkAddress == mac })

            try pod.created.socket.perform([
                .deleteNeighbour(gateway, onLink: inside.index), .deleteRoute(Route(to: .everything(.v4), via: gateway)),
                .deleteAddress(six, fromLink: inside.index),
            ])
            #expect(try !pod.created.socket.routes(.v4).contains(where: \.isDefault))
            #expect(try pod.created.socket.neighbours(.v4).isEmpty)
            #expect(try !pod.created.socket.addresses().map(\.prefix).contains(six))

            try node.socket.perform([.deleteLinks(inGroup: 77)])
            #expect(try node.socket.link(.name("host")) == nil)
            #expect(try pod.created.socket.link(.name("eth0")) == nil)
        }
    }

    @Test func `a link is renamed, moved and deleted`() throws {
        try apart { node in
            let other = try Pod()
            _ = try node.socket.addVeth(LinkSettings(name: "a"), peer: LinkSettings(name: "b"), in: other.created.descriptor)
            let index = try #require(try node.socket.link(.name("a"))).index
            try node.socket.perform([.setLink(.index(index), LinkSettings(name: "c"))])
            #expect(try node.socket.link(.name("a")) == nil)
            try node.socket.perform([.moveLink(.name("c"), to: other.created.descriptor)])
            #expect(try node.socket.link(.name("c")) == nil)
            #expect(try Set(other.created.socket.links().map(\.name)).isSuperset(of: ["b", "c"]))
            try other.created.socket.perform([.deleteLink(.name("c"))])
            #expect(try other.created.socket.link(.name("b")) == nil)
        }
    }

    @Test func `a link without link-local address`() throws {
        try apart { node in
            let other = try Pod()
            let ends = try node.socket.addVeth(
                LinkSettings(name: "a"), peer: LinkSettings(name: "b", isUp: nil), in: other.created.descriptor)
            try node.socket.perform([.withoutLinkLocalAddress(.index(ends.index)), .setLink(.index(ends.index), LinkSettings(isUp: true))])
            #expect(try node.socket.addresses(linkIndex: ends.index).isEmpty)
        }
    }

    @Test func `errors say what was tried and what the kernel says`() throws {
        try apart { node in
            let address = try #require(IPPrefix("10.0.0.1/24"))
            #expect { try node.socket.perform([.addAddress(address, toLink: 99)]) } throws: { error in
                "\(error)".hasPrefix("add address 10.0.0.1/24 to link 99: No such device")
            }
            try node.socket.perform([.addBridge(LinkSettings(name: "br"))])
            #expect { try node.socket.perform([.addBridge(LinkSettings(name: "br"))]) } throws: { error in
                (error as? NetlinkError)?.errno == .exists && "\(error)".hasPrefix("add bridge br: File exists")
            }
            // This one comes with the kernel's own words.
            #expect { try node.socket.perform([.setLink(.name("br"), LinkSettings(mtu: 10_000_000))]) } throws: { error in
                (error as? NetlinkError)?.kernelMessage?.isEmpty == false
            }
            #expect(throws: NetlinkError.self) { try node.socket.perform([.addBridge(LinkSettings(name: "a-name-with-too-many-bytes"))]) }
        }
    }

    @Test func `a batch goes on after a failure and reports the first`() throws {
        try apart { node in
            try node.socket.perform([.addBridge(LinkSettings(name: "a"))])
            let batch: [NetlinkRequest] = [
                .addBridge(LinkSettings(name: "b")), .addBridge(LinkSettings(name: "a")), .deleteLink(.name("nothing")),
                .addBridge(LinkSettings(name: "c")),
            ]
            #expect { try node.socket.perform(batch) } throws: { ($0 as? NetlinkError)?.operation == "add bridge a" }
            #expect(try Set(node.socket.links().map(\.name)).isSuperset(of: ["a", "b", "c"]))
            try node.socket.perform([.deleteLink(.name("c"))])  // the conversation is still in step
        }
    }

    @Test func `many links are listed whole`() throws {
        try apart { node in
            let names = (0..<150).map { "br\($0)" }
            try node.socket.perform(names.map { .addBridge(LinkSettings(name: $0)) })
            #expect(try Set(node.socket.links().map(\.name)).isSuperset(of: names))
            #expect(try node.socket.links().count == Set(try node.socket.links().map(\.name)).count)
        }
    }

    @Test func `link events tell of links that go`() throws {
        try apart { node in
            var events = try NetlinkSocket(linkEvents: true)
            let early = try events.waitForLinkEvents(timeoutMilliseconds: 0) { _, _ in }
            #expect(!early)
            try node.socket.perform([.addBridge(LinkSettings(name: "br")), .deleteLink(.name("br"))])
            var seen: [String] = []
            var isOn = true
            while isOn, !seen.contains("br gone") {
                isOn = try events.waitForLinkEvents(timeoutMilliseconds: 5000) { seen.append($0.name + ($1 ? " gone" : "")) }
            }
            #expect(seen.first == "br" && seen.contains("br gone"))
        }
    }

    /// In a process of its own: the tests that run beside this one open and close descriptors.
    @Test func `no descriptor is left open`() async {
        await #expect(processExitsWith: .success) {
            func openDescriptors() -> Int { (0..<1024).count { fcntl($0, F_GETFD) >= 0 } }
            let before = openDescriptors()
            for _ in 0..<20 {
                var created = try NetworkNamespace.create()
                _ = try created.socket.links()
                _ = try NetworkNamespace.openSocket(in: created.descriptor)
            }
            #expect(openDescriptors() == before)
        }
    }
}
