internal import APIMachinery
internal import KubernetesAPI

/// What a pod's manifest, and the facts that it does not hold, ask of the kernel. Pure: it reads nothing.
///
/// Written from the documents, not from the code that sets these things, so that a mistake there shows here: the Kubernetes API reference,
/// KEPs as named, the OCI runtime specification, cgroup-v2.rst.
package struct Declaration: Sendable {
    let facts: PodFacts
    var pod: Pod { facts.pod }
    var spec: PodSpec { facts.pod.spec }

    package init(_ facts: PodFacts) { self.facts = facts }

    package var expectations: [Expectation] {
        podExpectations + facts.containers.flatMap { running in container(running.name).map { expectations(running, $0) } ?? [] }
    }

    /// What must be looked at by name.
    package var inquiry: Inquiry {
        var inquiry = Inquiry()
        inquiry.sysctls = sysctls.map(\.name)
        for running in facts.containers {
            guard let container = container(running.name) else { continue }
            inquiry.covered[running.name] = protectedPaths(container).masked + protectedPaths(container).readOnly
            inquiry.twins[running.name] = hostPaths(container)
            inquiry.programs[running.name] = program(running, container)
        }
        return inquiry
    }

    func container(_ name: String) -> Container? {
        (spec.containers + spec.initContainers).first { $0.name == name }
            ?? spec.ephemeralContainers.first { $0.name == name }.map { EphemeralView.container($0) }
    }

    private var podExpectations: [Expectation] {
        networkExpectations + hostnameExpectations + sysctlExpectations + (facts.isManaged ? podCgroupExpectations : [])
    }

    private func expectations(_ running: ContainerFacts, _ container: Container) -> [Expectation] {
        namespaceExpectations(running, container) + identityExpectations(running, container) + capabilityExpectations(container)
            + securityExpectations(container) + resourceExpectations(container) + cgroupExpectations(running, container)
            + mountExpectations(running, container) + protectionExpectations(container) + deviceExpectations(container)
            + fileExpectations(container) + environmentExpectations(running, container) + programExpectations(running, container)
    }
}

/// What the reading part must look at by name, since it can't list everything there is.
package struct Inquiry: Sendable, Hashable {
    package var sysctls: [String] = []
    /// Container → paths below /proc and /sys that may be hidden or read-only.
    package var covered: [String: [String]] = [:]
    /// Container → mount target → path of the machine that it must be the same file as.
    package var twins: [String: [String: String]] = [:]
    /// Container → where its program may be, the first that is there counts.
    package var programs: [String: [String]] = [:]
    package init() {}
}

/// An ephemeral container has the fields of a container, without resources of its own.
private enum EphemeralView {
    static func container(_ ephemeral: EphemeralContainer) -> Container {
        var decoder = ObjectDecoder(at: .root, options: .lenient)
        return Container.decode(ephemeral.json, &decoder) ?? Container { $0.name = ephemeral.name }
    }
}
