internal import APIMachinery
internal import HTTPClient
internal import KubernetesAPI
internal import KubernetesClient

/// Why a cluster's authority could not be found out, in one line.
package struct DiscoveryError: Error, CustomStringConvertible {
    package let description: String
    /// Nobody has answered: it may be worth asking again.
    package let isTransient: Bool
}

/// Finds out whose certificates are good in a cluster, before anything secret is said: what the server tells to anybody counts only when it
/// has the hash that the new node was given.
package enum ClusterDiscovery {
    /// - Parameter hash: See ``AuthorityHash``.
    /// - Returns: The authority's certificate in PEM.
    package static func authority(host: String, port: Int, hash: String) async throws(DiscoveryError) -> String {
        let pem = try await told(by: host, port)
        let found: String
        do { found = try AuthorityHash.of(pem: pem) } catch {
            throw DiscoveryError(description: "its certificate authority cannot be read: \(error)", isTransient: false)
        }
        guard found == hash else {
            throw DiscoveryError(
                description: "its certificate authority is \(found), not \(hash): it is not the cluster that the token is for",
                isTransient: false)
        }
        return pem
    }

    private static func told(by host: String, _ port: Int) async throws(DiscoveryError) -> String {
        let map: ConfigMap
        do {
            let dialer = Dialer(host: host, port: port, tls: try TLSClientContext(trust: .anybody))
            let client = Client(transport: HTTPSTransport(dialer, authority: dialer.authority), userAgent: "swiftlet")
            map = try await client.resource(ConfigMap.self, namespace: "kube-public").get("cluster-info")
        } catch {
            // One that answers no will go on to; one that is starting has not got it yet.
            let code = (error as? ClientError)?.status?.code ?? 0
            throw DiscoveryError(
                description: "read ConfigMap kube-public/cluster-info: \(error)", isTransient: ![401, 403].contains(code))
        }
        let documents = try? YAMLDocument.documents(parsing: Array((map.data["kubeconfig"] ?? "").utf8))
        let cluster = documents?.first?.json["clusters"]?[0]?["cluster"]
        guard let data = cluster?["certificate-authority-data"]?.stringValue, let bytes = Base64Data(base64: data)?.bytes else {
            throw DiscoveryError(description: "ConfigMap kube-public/cluster-info names no certificate authority", isTransient: false)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
