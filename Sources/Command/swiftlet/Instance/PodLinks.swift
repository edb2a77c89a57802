internal import Netlink
internal import PodNetwork

/// The links of this machine that pods of an instance are behind.
enum PodLinks {
    /// - Returns: A line that names them; nil when the address is of no pod here.
    static func describe(_ address: String, _ options: DirectoryOptions) -> String? {
        guard let address = IPAddress(address) else { return nil }
        let instance = InstanceName.derive(runDirectory: options.absoluteRunDirectory)
        // It is told where it is known: the pod may be another machine's.
        guard let found = try? PodNetwork.links(ofPod: address, instance: instance) else { return nil }
        return "eth0 in the pod ↔ \(found.host) on the node, a port of the bridge \(found.bridge)"
    }
}
