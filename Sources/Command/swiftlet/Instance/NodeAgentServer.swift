internal import HTTPServer
internal import Kubelet
internal import LinuxSystem

extension NodeAgent.Settings {
    /// Changes the agent's configuration after everything else that does.
    mutating func change(_ change: @escaping @Sendable (inout KubeletConfiguration) -> Void) {
        let before = configure
        configure = { configuration in
            before(&configuration)
            change(&configuration)
        }
    }

    /// The node's addresses, as the agent will have them.
    var hostIPs: [String] {
        var configuration = KubeletConfiguration()
        configuration.hostIPs = Machine.addresses
        configure(&configuration)
        return configuration.hostIPs
    }
}

extension KubeletServer {
    /// - Parameter port: nil: the usual one, or any when that is taken, as by another instance.
    static func listen(port: Int?, identity: TLSIdentity) async throws -> KubeletServer {
        var configuration = Configuration()
        if let port { configuration.port = port }
        do {
            return try await listen(configuration, identity: identity)
        } catch let error as HTTPServerError where error.errnoCode == Errno.addressInUse.rawValue && port == nil {
            configuration.port = 0
            return try await listen(configuration, identity: identity)
        }
    }
}
