package import Netlink

/// What one instance's pod network is made from. Everything it makes in the kernel is named after `instance`, so that two instances
/// with different names, CIDRs and directories work side by side.
package struct PodNetworkConfiguration: Hashable, Sendable {
    /// `[a-z0-9-]`, 1...63 characters.
    package var instance: String
    /// One network, or one of each family. The first gives a pod's primary address; the others use the same host number.
    package var podCIDRs: [IPPrefix]
    /// Bytes; nil takes the MTU of the link with the default route, 1500 without one.
    package var mtu: UInt32?
    /// Where address reservations are kept. Survives restarts of the daemon.
    package var stateDirectory: String
    /// Where pods' network namespaces are pinned by bind mounts. On a file system that a reboot empties.
    package var netnsDirectory: String
    /// Hide pods' addresses behind the node's when they talk to the outside. Needs nftables in the kernel.
    package var masquerade: Bool
    /// Pods of the whole cluster: they see each other's own addresses, on whatever node they are.
    package var clusterCIDRs: [IPPrefix] = []
    /// How long an attach waits, when no address is free, for one whose link the kernel is still dropping.
    package var releaseTimeoutMilliseconds: Int32 = 5000

    package init(
        instance: String, podCIDRs: [IPPrefix] = [Self.defaultPodCIDR], mtu: UInt32? = nil, stateDirectory: String,
        netnsDirectory: String, masquerade: Bool = true
    ) {
        (self.instance, self.podCIDRs, self.mtu) = (instance, podCIDRs, mtu)
        (self.stateDirectory, self.netnsDirectory, self.masquerade) = (stateDirectory, netnsDirectory, masquerade)
    }

    /// 10.244.0.0/24
    package static var defaultPodCIDR: IPPrefix {
        guard let prefix = IPPrefix(IPAddress(v4: 0x0af4_0000), length: 24) else { preconditionFailure("24 is at most 32") }
        return prefix
    }
}

/// A sandbox's place in the pod network.
package struct PodNetworkAttachment: Hashable, Sendable {
    package var sandboxID: String
    /// The file that pins the network namespace, if it is pinned.
    package var netnsPath: String
    /// The link inside, `eth0`.
    package var interface: String
    /// One per pod CIDR, in its order, with the CIDR's prefix length.
    package var addresses: [IPPrefix]
    /// One per pod CIDR: the bridge's addresses.
    package var gateways: [IPAddress]
    /// Of `interface`.
    package var mac: MACAddress
    /// The other end of the veth pair, a port of the bridge.
    package var hostInterface: String
    package var mtu: UInt32
}
