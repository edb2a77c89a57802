internal import KubernetesAPI

extension Declaration {
    /// For each kind: whether it is the machine's, and which other running containers of the pod are in it.
    func namespaceExpectations(_ running: ContainerFacts, _ container: Container) -> [Expectation] {
        let name = running.name
        let others = facts.containers.map(\.name).filter { $0 != name }
        let isPrivileged = container.securityContext?.privileged ?? false
        var expectations: [Expectation] = []
        func expect(_ kind: String, isMachines: Bool, sharedWith shared: [String], _ why: String, _ formula: String) {
            let path = "\(name)/namespaces/\(kind)"
            expectations.append(
                Expectation(path, isMachines ? .equals("the machine's") : .matches("\(kind):\\[[0-9]+\\]"), why: why, formula: formula))
            guard facts.isManaged, !others.isEmpty else { return }
            expectations.append(
                Expectation(
                    "\(path)/sharedWith", .sameMembers(shared),
                    why: "containers of a pod share what the pod says, and nothing else", formula: formula))
        }
        expect("mnt", isMachines: false, sharedWith: [], "its mounts would be the machine's", "every container has its own")
        expect(
            "net", isMachines: isHostNetwork, sharedWith: others, "it would see and use another network than its pod's",
            "hostNetwork: \(isHostNetwork)")
        expect(
            "ipc", isMachines: spec.hostIPC ?? false, sharedWith: others, "System V IPC and message queues of others would be open to it",
            "hostIPC: \(spec.hostIPC ?? false)")
        expect(
            "uts", isMachines: isHostNetwork, sharedWith: others, "it would see another hostname than its pod's",
            "hostNetwork: \(isHostNetwork)")
        let pid = pidSharing(name)
        expect("pid", isMachines: spec.hostPID ?? false, sharedWith: pid.shared, "it could see and signal processes of others", pid.formula)
        // A privileged container manages the machine's cgroups, so it sees them.
        expect(
            "cgroup", isMachines: isPrivileged, sharedWith: isPrivileged ? others.filter(isPrivilegedContainer) : [],
            "it would see where in the machine's cgroups it is", "privileged: \(isPrivileged)")
        expect(
            "user", isMachines: !hasUserNamespace, sharedWith: others, "root inside would be root of the machine",
            "hostUsers: \(!hasUserNamespace)")
        return expectations
    }

    var isHostNetwork: Bool { spec.hostNetwork ?? false }
    var hasUserNamespace: Bool { spec.hostUsers == false }

    private func isPrivilegedContainer(_ name: String) -> Bool { container(name)?.securityContext?.privileged ?? false }

    private func pidSharing(_ name: String) -> (shared: [String], formula: String) {
        let others = facts.containers.map(\.name).filter { $0 != name }
        if spec.hostPID ?? false { return (others, "hostPID: true") }
        if spec.shareProcessNamespace ?? false { return (others, "shareProcessNamespace: true") }
        // An ephemeral container joins the one that it names.
        let targets = spec.ephemeralContainers.reduce(into: [String: String]()) { $0[$1.name] = $1.targetContainerName }
        let group = targets[name] ?? name
        let shared = others.filter { ($0 == group) || targets[$0] == group }
        return (shared, targets[name].map { "targetContainerName: \($0)" } ?? "every container has its own")
    }
}
