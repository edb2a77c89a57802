package import APIMachinery
package import KubernetesAPI

/// Which service account token a pod wants.
package struct TokenOrder: Sendable, Hashable {
    package static let defaultExpirationSeconds: Int64 = 3_600
    package var namespace: String
    package var serviceAccount: String
    /// Empty: the API server's own.
    package var audience: String
    package var expirationSeconds: Int64
    package var podName: String
    package var podUID: PodUID

    package init(_ projection: ServiceAccountTokenProjection, of pod: Pod) {
        namespace = pod.namespace
        serviceAccount = pod.spec.serviceAccountName ?? "default"
        audience = projection.audience ?? ""
        expirationSeconds = projection.expirationSeconds ?? Self.defaultExpirationSeconds
        podName = pod.name
        podUID = pod.uid
    }

    /// The TokenRequest, bound to the pod: it ends with it.
    var request: JSONValue {
        var spec: JSONValue = [
            "expirationSeconds": .integer(expirationSeconds),
            "boundObjectRef": ["kind": "Pod", "apiVersion": "v1", "name": .string(podName), "uid": .string(podUID)],
        ]
        if !audience.isEmpty { spec["audiences"] = [.string(audience)] }
        return ["kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "metadata": .object(JSONObject()), "spec": spec]
    }
}

/// A token as it was issued.
package struct ServiceToken: Sendable, Hashable {
    package var text: String
    package var expiresAt: Timestamp
    /// From then on a new one is asked for.
    package var refreshAt: Timestamp

    package init(text: String, expiresAt: Timestamp, refreshAt: Timestamp) {
        self.text = text
        self.expiresAt = expiresAt
        self.refreshAt = refreshAt
    }
}

/// When a token is replaced, as the kubelet decides it (`pkg/kubelet/token`).
package enum TokenLifetime {
    private static let longestSeconds: Int64 = 24 * 3_600
    package static let jitterMax = Duration.seconds(10)

    /// At 80 % of its life, at the latest a day old; a little before, so that not all pods ask at once.
    ///
    /// - Parameters:
    ///   - seconds: The life that was granted.
    ///   - jitter: Between 0 and `jitterMax`.
    package static func refreshTime(expiresAt: Timestamp, seconds: Int64, jitter: Duration) -> Timestamp {
        let issuedAt = expiresAt - .seconds(seconds)
        let fraction = expiresAt - .seconds(seconds * 20 / 100)
        return min(issuedAt + .seconds(longestSeconds), fraction) - jitter
    }
}
