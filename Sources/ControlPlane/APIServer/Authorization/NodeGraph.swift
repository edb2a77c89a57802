internal import APIMachinery

/// Which objects a node has to do with, read from the pods that are bound to it (upstream's node authorizer keeps the same relations as a graph).
struct NodeGraph: Sendable {
    /// One pod's relations. Names of objects in the pod's own namespace, except volumes, which belong to the cluster.
    struct PodLinks: Hashable, Sendable {
        var namespace = ""
        var name = ""
        var uid = ""
        /// Empty while it is not bound.
        var node = ""
        var serviceAccount = ""
        /// A mirror pod gives its node nothing: the node wrote it itself.
        var isMirror = false
        var secrets: Set<String> = []
        var configMaps: Set<String> = []
        var claims: Set<String> = []
        var resourceClaims: Set<String> = []
    }

    /// One persistent volume's relations.
    struct VolumeLinks: Hashable, Sendable {
        var name = ""
        /// `NAMESPACE/NAME`; empty for one that is free.
        var claim = ""
        /// `NAMESPACE/NAME` of the secrets that mounting it takes.
        var secrets: Set<String> = []
    }

    private(set) var pods: [String: [PodLinks]] = [:]
    private(set) var volumes: [VolumeLinks] = []

    init(pods: some Sequence<PodLinks>, volumes: some Sequence<VolumeLinks>) {
        for pod in pods where !pod.node.isEmpty && !pod.isMirror { self.pods[pod.node, default: []].append(pod) }
        self.volumes = Array(volumes)
    }

    func reads(_ node: String, resource: String, namespace: String, name: String) -> Bool {
        let pods = self.pods[node] ?? []
        let here = pods.lazy.filter { $0.namespace == namespace }
        switch resource {
        case "secrets":
            return here.contains { $0.secrets.contains(name) } || volumes(of: pods).contains { $0.secrets.contains("\(namespace)/\(name)") }
        case "configmaps": return here.contains { $0.configMaps.contains(name) }
        case "persistentvolumeclaims": return here.contains { $0.claims.contains(name) }
        case "resourceclaims": return here.contains { $0.resourceClaims.contains(name) }
        case "serviceaccounts": return here.contains { $0.serviceAccount == name }
        case "pods": return here.contains { $0.name == name }
        case "persistentvolumes": return volumes(of: pods).contains { $0.name == name }
        default: return false
        }
    }

    private func volumes(of pods: [PodLinks]) -> [VolumeLinks] {
        let claims = Set(pods.flatMap { pod in pod.claims.map { "\(pod.namespace)/\($0)" } })
        return volumes.filter { claims.contains($0.claim) }
    }
}

extension NodeGraph.PodLinks {
    /// Reads a pod's references wherever they stand in it.
    init(_ pod: JSONValue) {
        let spec = pod["spec"]
        namespace = pod["metadata"]?["namespace"]?.stringValue ?? ""
        name = pod["metadata"]?["name"]?.stringValue ?? ""
        uid = pod["metadata"]?["uid"]?.stringValue ?? ""
        node = spec?["nodeName"]?.stringValue ?? ""
        serviceAccount = spec?["serviceAccountName"]?.stringValue ?? ""
        isMirror = pod["metadata"]?["annotations"]?["kubernetes.io/config.mirror"] != nil
        for secret in spec?["imagePullSecrets"]?.arrayValue ?? [] { insert(secret["name"], into: \.secrets) }
        for list in ["initContainers", "containers", "ephemeralContainers"] {
            for container in spec?[list]?.arrayValue ?? [] { addEnvironment(of: container) }
        }
        for volume in spec?["volumes"]?.arrayValue ?? [] { addSources(of: volume, pod: name) }
        for status in pod["status"]?["resourceClaimStatuses"]?.arrayValue ?? [] {
            insert(status["resourceClaimName"], into: \.resourceClaims)
        }
        for claim in spec?["resourceClaims"]?.arrayValue ?? [] { insert(claim["resourceClaimName"], into: \.resourceClaims) }
    }

    private mutating func addEnvironment(of container: JSONValue) {
        for source in container["envFrom"]?.arrayValue ?? [] {
            insert(source["secretRef"]?["name"], into: \.secrets)
            insert(source["configMapRef"]?["name"], into: \.configMaps)
        }
        for variable in container["env"]?.arrayValue ?? [] {
            insert(variable["valueFrom"]?["secretKeyRef"]?["name"], into: \.secrets)
            insert(variable["valueFrom"]?["configMapKeyRef"]?["name"], into: \.configMaps)
        }
    }

    private mutating func addSources(of volume: JSONValue, pod: String) {
        insert(volume["configMap"]?["name"], into: \.configMaps)
        insert(volume["secret"]?["secretName"], into: \.secrets)
        insert(volume["persistentVolumeClaim"]?["claimName"], into: \.claims)
        if volume["ephemeral"] != nil, let name = volume["name"]?.stringValue { claims.insert("\(pod)-\(name)") }
        for source in volume["projected"]?["sources"]?.arrayValue ?? [] {
            insert(source["configMap"]?["name"], into: \.configMaps)
            insert(source["secret"]?["name"], into: \.secrets)
        }
        for plugin in ["cephfs", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos"] {
            insert(volume[plugin]?["secretRef"]?["name"], into: \.secrets)
        }
        insert(volume["azureFile"]?["secretName"], into: \.secrets)
        insert(volume["csi"]?["nodePublishSecretRef"]?["name"], into: \.secrets)
    }

    private mutating func insert(_ name: JSONValue?, into set: WritableKeyPath<Self, Set<String>>) {
        if let name = name?.stringValue, !name.isEmpty { self[keyPath: set].insert(name) }
    }
}

extension NodeGraph.VolumeLinks {
    init(_ volume: JSONValue) {
        name = volume["metadata"]?["name"]?.stringValue ?? ""
        let reference = volume["spec"]?["claimRef"]
        let namespace = reference?["namespace"]?.stringValue ?? ""
        if let claim = reference?["name"]?.stringValue { self.claim = "\(namespace)/\(claim)" }
        let csi = volume["spec"]?["csi"]
        let references =
            ["nodePublishSecretRef", "nodeStageSecretRef", "nodeExpandSecretRef"].map { csi?[$0] }
            + ["cephfs", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos"].map { volume["spec"]?[$0]?["secretRef"] }
        for reference in references {
            guard let name = reference?["name"]?.stringValue else { continue }
            secrets.insert("\(reference?["namespace"]?.stringValue ?? namespace)/\(name)")
        }
        if let name = volume["spec"]?["azureFile"]?["secretName"]?.stringValue {
            secrets.insert("\(volume["spec"]?["azureFile"]?["secretNamespace"]?.stringValue ?? namespace)/\(name)")
        }
    }
}
