package import Netlink

extension PodNetwork {
    /// The links that a running instance's pod is behind, as the kernel has them; needs no rights and no settings.
    ///
    /// - Returns: nil when the address is no pod's of this instance on this machine.
    package static func links(ofPod address: IPAddress, instance: String) throws(NetlinkError) -> (host: String, bridge: String)? {
        let names = InstanceNames(instance: instance)
        var socket = try NetlinkSocket()
        guard let bridge = try socket.link(.name(names.bridge)) else { return nil }
        for own in try socket.addresses(linkIndex: bridge.index) {
            guard let offset = own.prefix.network.offset(of: address), let number = UInt16(exactly: offset) else { continue }
            let link = names.hostLink(HostNumber(rawValue: number))
            if try socket.link(.name(link)) != nil { return (link, names.bridge) }
        }
        return nil
    }
}
