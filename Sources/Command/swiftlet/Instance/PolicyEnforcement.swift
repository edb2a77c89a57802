import ArgumentParser
internal import CRI
internal import ContainerRuntime
internal import KubernetesClient
internal import NetworkPolicies
internal import PodNetwork

/// Whether this node keeps its pods to NetworkPolicies, and what becomes of packets that these do not allow.
enum PolicyEnforcement: String, CaseIterable, ExpressibleByArgument {
    case drop, reject, off

    /// Has the runtime wait with each new pod until its policies are in force, and takes over those that run.
    func start(
        _ runtime: NativeRuntime, _ side: ServiceSide, _ settings: ClusterNetwork.Settings, _ informers: SharedInformers
    ) async throws -> NetworkPolicies? {
        guard self != .off else {
            try NetworkPolicies.remove(table: side.policyTable)
            return nil
        }
        var configuration = NetworkPoliciesConfiguration(nodeName: settings.nodeName, table: side.policyTable, bridge: side.bridge)
        configuration.refusal = self == .reject ? .reject : .drop
        configuration.hasIPv4 = side.podCIDRs.contains { $0.contains(".") }
        configuration.hasIPv6 = side.podCIDRs.contains { $0.contains(":") }
        if settings.answersNames { configuration.nodeServers = [.clusterDNS(addresses: side.gateways)] }
        let policies = try NetworkPolicies(configuration, informers: informers) { Output.warn("swiftlet: \($0)") }
        runtime.watchAddresses(
            PodAddressWatch {
                try await policies.admit(AttachedPod($0))
            } detached: {
                policies.dismiss(AttachedPod($0).key, uid: $0.metadata.uid)
            })
        var ready = PodSandboxFilter()
        ready.state = .ready
        policies.adopt(try await runtime.listPodSandbox(ready).filter { !$0.network.ip.isEmpty }.map { AttachedPod($0) })
        return policies
    }
}

extension AttachedPod {
    fileprivate init(_ sandbox: PodSandboxStatus) {
        self.init(
            key: ObjectKey(namespace: sandbox.metadata.namespace, name: sandbox.metadata.name), uid: sandbox.metadata.uid,
            labels: sandbox.labels, addresses: [sandbox.network.ip] + sandbox.network.additionalIPs, time: sandbox.createdAt)
    }
}
