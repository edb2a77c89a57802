package import APIMachinery

/// A new node takes no pods until it has said that it is ready.
package struct TaintNodesByCondition: AdmissionPlugin {
    package init() {}

    package func mutate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard attributes.isFor("nodes"), attributes.operation == .create, var node = attributes.object else { return }
        var taints = node["spec"]?["taints"]?.arrayValue ?? []
        let isThere = taints.contains {
            $0["key"]?.stringValue == "node.kubernetes.io/not-ready" && $0["effect"]?.stringValue == "NoSchedule"
        }
        guard !isThere else { return }
        taints.append(["key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"])
        node.setSpec("taints", .array(taints))
        attributes.object = node
    }
}

/// Volumes and claims stay while they are used.
package struct StorageObjectInUseProtection: AdmissionPlugin {
    package init() {}

    package func mutate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard attributes.operation == .create, var object = attributes.object else { return }
        let finalizer: String
        if attributes.isFor("persistentvolumes") {
            finalizer = "kubernetes.io/pv-protection"
        } else if attributes.isFor("persistentvolumeclaims") {
            finalizer = "kubernetes.io/pvc-protection"
        } else {
            return
        }
        guard !object.finalizers.contains(finalizer) else { return }
        object.setFinalizers(object.finalizers + [finalizer])
        attributes.object = object
    }
}

/// A node may change itself and its pods, and of itself not what decides who is sent there.
package struct NodeRestriction: AdmissionPlugin {
    package init() {}

    package func validate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard attributes.user.groups.contains("system:nodes"), attributes.user.name.hasPrefix("system:node:") else { return }
        let node = String(attributes.user.name.dropFirst("system:node:".count))
        if attributes.isFor("nodes") || attributes.isFor("nodes", subresource: "status") { try checkNode(node, attributes) }
        if attributes.group.isEmpty, attributes.plural == "pods" { try checkPod(node, attributes) }
        if attributes.isFor("serviceaccounts", subresource: "token") {
            try await NodeTokenRestriction(node: node, attributes: attributes).check(objects)
        }
        if attributes.isFor("leases", group: "coordination.k8s.io"), attributes.namespace == "kube-node-lease", attributes.name != node {
            throw attributes.forbidden("can only access node lease with the same name as the requesting node")
        }
    }

    private func checkNode(_ node: String, _ attributes: AdmissionAttributes) throws(Status) {
        guard attributes.name == node else {
            throw attributes.forbidden("node \(node.quoted) is not allowed to modify node \(attributes.name.quoted)")
        }
        guard let object = attributes.object else { return }
        let old = attributes.old
        if old != nil, attributes.subresource.isEmpty, object["spec"]?["taints"] != old?["spec"]?["taints"] {
            throw attributes.forbidden("node \(node.quoted) is not allowed to modify taints")
        }
        let changed = Self.changedLabels(object.labels, old?.labels ?? [:]).filter(Self.isRestricted)
        guard changed.isEmpty else {
            let verb = old == nil ? "set the following labels" : "modify labels"
            throw attributes.forbidden("is not allowed to \(verb): \(changed.joined(separator: ", "))")
        }
    }

    private static func changedLabels(_ new: [String: String], _ old: [String: String]) -> [String] {
        Set(new.keys).union(old.keys).filter { new[$0] != old[$0] }.sorted()
    }

    /// Labels of Kubernetes' own domains that a kubelet does not have to set.
    private static func isRestricted(_ label: String) -> Bool {
        guard let slash = label.firstIndex(of: "/") else { return false }
        let domain = String(label[..<slash])
        func isIn(_ suffix: String) -> Bool { domain == suffix || domain.hasSuffix("." + suffix) }
        if isIn("node-restriction.kubernetes.io") { return true }
        guard isIn("kubernetes.io") || isIn("k8s.io") else { return false }
        let own = [
            "kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os", "beta.kubernetes.io/instance-type",
            "node.kubernetes.io/instance-type", "failure-domain.beta.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone",
            "topology.kubernetes.io/region", "topology.kubernetes.io/zone", "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
            "node.kubernetes.io/windows-build",
        ]
        return !own.contains(label) && !isIn("kubelet.kubernetes.io") && !isIn("node.kubernetes.io")
    }

    private func checkPod(_ node: String, _ attributes: AdmissionAttributes) throws(Status) {
        switch (attributes.operation, attributes.subresource) {
        case (.create, ""):
            guard let pod = attributes.object else { return }
            guard pod.annotations["kubernetes.io/config.mirror"] != nil else {
                throw attributes.forbidden(
                    "pod does not have \"kubernetes.io/config.mirror\" annotation, node \(node.quoted) can only create mirror pods")
            }
            try checkNodeName(of: pod, node, "create pods with spec.nodeName set to itself", attributes)
        case (.update, "status"):
            try checkNodeName(
                of: attributes.old ?? JSONObject(), node, "update pod status for pods with spec.nodeName set to itself", attributes)
        case (.delete, ""):
            try checkNodeName(of: attributes.old ?? JSONObject(), node, "delete pods with spec.nodeName set to itself", attributes)
        case (.create, "eviction"): return
        default:
            throw attributes.forbidden(
                "unexpected operation \(attributes.operation.rawValue), node \(node.quoted) can only create and delete mirror pods")
        }
    }

    private func checkNodeName(of pod: JSONObject, _ node: String, _ what: String, _ attributes: AdmissionAttributes) throws(Status) {
        guard pod["spec"]?["nodeName"]?.stringValue == node else {
            throw attributes.forbidden("node \(node.quoted) can only \(what)")
        }
    }
}
