internal import APIMachinery

/// What nodes read when they join.
enum JoiningObjects {
    /// ConfigMap `kube-public/cluster-info`, as kubeadm has it: where the API server is and whose certificates are good, without credentials.
    static func clusterInfo(server: String, authority: String) -> BootstrapObject {
        var map = BootstrapObject(group: "", kind: "ConfigMap", path: "kube-public/cluster-info")
        let kubeconfig = """
            apiVersion: v1
            kind: Config
            clusters:
            - name: ""
              cluster:
                server: \(server)
                certificate-authority-data: \(Base64Data(Array(authority.utf8)).base64)
            contexts: []
            users: []
            current-context: ""
            preferences: {}

            """
        map.object["data"] = ["kubeconfig": .string(kubeconfig)]
        return map
    }

    static func network(_ facts: ClusterNetworkFacts) -> BootstrapObject {
        let path = "\(ClusterNetworkFacts.namespace)/\(ClusterNetworkFacts.mapName)"
        var map = BootstrapObject(group: "", kind: "ConfigMap", path: path[...])
        let members = facts.data.sorted { $0.key < $1.key }.map { JSONObject.Member(key: $0.key, value: .string($0.value)) }
        map.object["data"] = .object(JSONObject(members: members))
        return map
    }
}
