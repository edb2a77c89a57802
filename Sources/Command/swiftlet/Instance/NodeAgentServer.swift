internal import APIMachinery
internal import ContainerRuntime
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

    /// Changes the agent's configuration before everything that the user has said.
    mutating func changeFirst(_ change: @escaping @Sendable (inout KubeletConfiguration) -> Void) {
        let after = configure
        configure = { configuration in
            change(&configuration)
            after(&configuration)
        }
    }

    /// - Throws: `UsageError`, `ManifestRefusal`.
    init(
        _ place: InstancePlace, manifests: String?, _ limits: PodLimitOptions, _ registration: RegistrationOptions,
        _ registries: RegistryOptions
    ) throws {
        self.init(
            place: place, manifests: try manifests.map(ManifestPath.absolute), registries: registries.files,
            configure: try registration.configure)
        change(try limits.configure)
        if self.manifests == nil { self.manifests = try outline.staticPodPath.map(ManifestPath.absolute) }
    }

    /// The configuration as the agent will have it, but for what comes from the machine's runtime and the cluster.
    var outline: KubeletConfiguration {
        var configuration = KubeletConfiguration()
        configuration.hostIPs = Machine.addresses
        configure(&configuration)
        return configuration
    }

    var logPolicy: RuntimeConfiguration.LogPolicy {
        let configuration = outline
        var policy = RuntimeConfiguration.LogPolicy()
        policy.maxSizeBytes = UInt64(clamping: configuration.containerLogMaxSize.value)
        policy.maxFiles = configuration.containerLogMaxFiles
        return policy
    }
}

extension KubeletServer {
    /// Where the configuration says; without a port on the usual one, or any when that is taken, as by another instance.
    static func listen(as outline: KubeletConfiguration, identity: TLSIdentity) async throws -> KubeletServer {
        var configuration = Configuration()
        let port = outline.serverPort
        configuration.address = outline.serverAddress
        if let port { configuration.port = port }
        do {
            return try await listen(configuration, identity: identity)
        } catch let error as HTTPServerError where error.errnoCode == Errno.addressInUse.rawValue && port == nil {
            configuration.port = 0
            return try await listen(configuration, identity: identity)
        }
    }
}
