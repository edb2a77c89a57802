import CRI

@testable import ContainerRuntime

/// A container of an image without any configuration, in a sandbox without anything special.
func makeConfig(_ change: (inout ContainerConfig) -> Void = { _ in }) -> ContainerConfig {
    var config = ContainerConfig(metadata: ContainerMetadata(name: "main"), image: ImageSpec(image: "busybox"))
    config.command = ["/bin/true"]
    change(&config)
    return config
}

/// - Returns: A resolver whose image has root as its user.
func makeResolver(_ change: (inout ContainerSpecResolver) -> Void = { _ in }) -> ContainerSpecResolver {
    var resolver = ContainerSpecResolver(
        image: .init(), user: UserFacts(uid: 0, gid: 0, additionalGroups: [10], home: "/root"),
        sandbox: .init(hostname: "web-0", namespaces: NamespaceOption()))
    change(&resolver)
    return resolver
}

extension ContainerSpec {
    func mount(_ target: String) -> MountSpec? { mounts.first { $0.target == target } }
}
