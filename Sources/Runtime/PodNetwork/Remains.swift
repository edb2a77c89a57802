internal import LinuxSystem
internal import Netlink

extension PodNetwork {
    /// Whether an instance has anything that ``tearDown()`` would remove. Only looks: to make a `PodNetwork` makes its state directory.
    ///
    /// The state directory is the last thing that ``tearDown()`` removes, so one that was cut short is seen too.
    package static func hasRemains(_ configuration: PodNetworkConfiguration) throws -> Bool {
        if Files.exists(configuration.stateDirectory) || Files.exists(configuration.netnsDirectory) { return true }
        let names = InstanceNames(instance: configuration.instance)
        var socket = try NetlinkSocket()
        return try socket.links().contains {
            $0.name == names.bridge || $0.name == names.tunnel || names.hostNumber(ofLink: $0.name) != nil
        }
    }
}
