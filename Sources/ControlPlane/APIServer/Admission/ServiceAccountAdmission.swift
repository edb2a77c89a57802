package import APIMachinery

/// Every pod runs as a service account, whose token is mounted into its containers.
package struct ServiceAccountAdmission: AdmissionPlugin {
    private static let mountPath = "/var/run/secrets/kubernetes.io/serviceaccount"

    package init() {}

    package func mutate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard attributes.isFor("pods"), attributes.operation == .create, var pod = attributes.object else { return }
        // What a node runs by itself asks for no identity.
        guard pod.annotations["kubernetes.io/config.mirror"] == nil else {
            try checkMirror(pod, attributes)
            return
        }
        var name = pod["spec"]?["serviceAccountName"]?.stringValue ?? ""
        if name.isEmpty { name = "default" }
        pod.setSpec("serviceAccountName", .string(name))
        pod.setSpec("serviceAccount", .string(name))
        guard let account = try await objects.get("serviceaccounts", namespace: attributes.namespace, name: name) else {
            throw attributes.forbidden(
                "error looking up service account \(attributes.namespace)/\(name): serviceaccount \(name.quoted) not found")
        }
        if pod["spec"]?["imagePullSecrets"]?.arrayValue?.isEmpty ?? true,
            let secrets = account["imagePullSecrets"], secrets.arrayValue?.isEmpty == false
        {
            pod.setSpec("imagePullSecrets", secrets)
        }
        if mountsToken(pod, account) { mount(&pod) }
        attributes.object = pod
    }

    private func checkMirror(_ pod: JSONObject, _ attributes: AdmissionAttributes) throws(Status) {
        if pod["spec"]?["serviceAccountName"]?.stringValue?.isEmpty == false {
            throw attributes.forbidden("a mirror pod may not reference service accounts")
        }
    }

    private func mountsToken(_ pod: JSONObject, _ account: JSONObject) -> Bool {
        pod["spec"]?["automountServiceAccountToken"]?.boolValue ?? account["automountServiceAccountToken"]?.boolValue ?? true
    }

    private func mount(_ pod: inout JSONObject) {
        var volumes = pod["spec"]?["volumes"]?.arrayValue ?? []
        let own = volumes.first { Self.isTokenVolume($0) }?["name"]?.stringValue
        let volumeName = own ?? "kube-api-access-\(Identifiers().nameSuffix())"
        var isNeeded = false
        for field in ["containers", "initContainers"] {
            guard var containers = pod["spec"]?[field]?.arrayValue else { continue }
            for index in containers.indices {
                var mounts = containers[index]["volumeMounts"]?.arrayValue ?? []
                guard !mounts.contains(where: { $0["mountPath"]?.stringValue == Self.mountPath }) else { continue }
                mounts.append(["name": .string(volumeName), "readOnly": true, "mountPath": .string(Self.mountPath)])
                containers[index]["volumeMounts"] = .array(mounts)
                isNeeded = true
            }
            pod.setSpec(field, .array(containers))
        }
        guard isNeeded, own == nil else { return }
        volumes.append(Self.volume(volumeName))
        pod.setSpec("volumes", .array(volumes))
    }

    private static func isTokenVolume(_ volume: JSONValue) -> Bool {
        guard volume["name"]?.stringValue?.hasPrefix("kube-api-access-") == true else { return false }
        return volume["projected"]?["sources"]?.arrayValue?.contains { $0["serviceAccountToken"] != nil } ?? false
    }

    private static func volume(_ name: String) -> JSONValue {
        [
            "name": .string(name),
            "projected": [
                "sources": [
                    ["serviceAccountToken": ["expirationSeconds": 3607, "path": "token"]],
                    ["configMap": ["name": "kube-root-ca.crt", "items": [["key": "ca.crt", "path": "ca.crt"]]]],
                    [
                        "downwardAPI": [
                            "items": [["path": "namespace", "fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.namespace"]]]
                        ]
                    ],
                ],
                "defaultMode": 420,
            ],
        ]
    }
}
