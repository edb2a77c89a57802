internal import APIMachinery

/// A group version that another server serves: an APIService with `spec.service` (kube-aggregator).
struct AggregatedService: Hashable, Sendable {
    /// `VERSION.GROUP`
    var name: String
    var group: String
    var version: String
    var namespace: String
    var serviceName: String
    var port: Int
    /// Certificates in PEM that may sign the server's; empty for those that this machine trusts.
    var certificateAuthority: [UInt8]
    var skipsVerification: Bool
    var groupPriority: Int64
    var versionPriority: Int64
    /// Its condition `Available` is True: requests are passed on.
    var isAvailable: Bool

    /// - Returns: nil for a group version that this server has by itself.
    init?(_ object: JSONObject) {
        guard let spec = object["spec"], let service = spec["service"], !service.isNull else { return nil }
        name = object.name
        group = spec["group"]?.stringValue ?? ""
        version = spec["version"]?.stringValue ?? ""
        // The core group is never somebody else's.
        guard !group.isEmpty else { return nil }
        namespace = service["namespace"]?.stringValue ?? ""
        serviceName = service["name"]?.stringValue ?? ""
        port = Int(service["port"]?.integerValue ?? 443)
        certificateAuthority = spec["caBundle"]?.stringValue.flatMap { Base64Data(base64: $0) }?.bytes ?? []
        skipsVerification = spec["insecureSkipTLSVerify"]?.boolValue ?? false
        groupPriority = spec["groupPriorityMinimum"]?.integerValue ?? 0
        versionPriority = spec["versionPriority"]?.integerValue ?? 0
        isAvailable = (object["status"]?["conditions"]?.arrayValue ?? []).contains {
            $0["type"]?.stringValue == "Available" && $0["status"]?.stringValue == "True"
        }
    }

    /// The name that its certificate must be for.
    var serverName: String { "\(serviceName).\(namespace).svc" }

    /// Where it tells what it serves: `/apis/GROUP/VERSION`.
    var root: String { "/apis/\(group)/\(version)" }

    /// How it is reached, whoever stands behind the service.
    var trust: ExtensionTrust {
        ExtensionTrust(serverName: serverName, certificateAuthority: skipsVerification ? nil : certificateAuthority)
    }

    /// The same but for what is found out about it.
    var asWanted: AggregatedService {
        var wanted = self
        wanted.isAvailable = false
        return wanted
    }
}

/// What an extension API server has to prove.
package struct ExtensionTrust: Hashable, Sendable {
    /// `SERVICE.NAMESPACE.svc`
    package var serverName: String
    /// In PEM; empty for the authorities that this machine trusts; nil: no proof is asked for.
    package var certificateAuthority: [UInt8]?

    package init(serverName: String, certificateAuthority: [UInt8]?) {
        self.serverName = serverName
        self.certificateAuthority = certificateAuthority
    }
}
