internal import Netlink

/// The links of this machine by which other nodes can be reached.
struct Underlay: Hashable, Sendable {
    struct Attachment: Hashable, Sendable {
        var linkIndex: UInt32
        var mtu: UInt32
        /// An address of the link, with the network that is on it.
        var prefix: IPPrefix
    }
    var attachments: [Attachment]

    /// The link whose network an address is in: it is reached there without a router.
    func attachment(near address: IPAddress) -> Attachment? {
        attachments.filter { $0.prefix.contains(address) && $0.prefix.hostBits > 0 }.max { $0.prefix.length < $1.prefix.length }
    }

    /// The link that has an address.
    func attachment(with address: IPAddress) -> Attachment? { attachments.first { $0.prefix.address == address } }
}

extension Underlay {
    /// - Parameter excluded: Names of links that lead to pods.
    init(_ socket: inout NetlinkSocket, excluding excluded: Set<String>) throws(NetlinkError) {
        let links = try socket.links().filter { !excluded.contains($0.name) && !$0.isLoopback && $0.isUp }
        let byIndex = Dictionary(links.map { ($0.index, $0) }) { first, _ in first }
        attachments = try socket.addresses().compactMap { address in
            byIndex[address.linkIndex].map { Attachment(linkIndex: $0.index, mtu: $0.mtu, prefix: address.prefix) }
        }
    }
}
