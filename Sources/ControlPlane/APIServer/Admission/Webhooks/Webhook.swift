internal import APIMachinery

/// One webhook of a configuration, as it is asked: read once, when the configuration is first met.
struct Webhook: Sendable {
    enum SideEffects: String, Sendable { case unknown = "Unknown", none = "None", some = "Some", noneOnDryRun = "NoneOnDryRun" }

    var name: String
    var configurationName: String
    /// Tells webhooks of one name apart: `CONFIGURATION/NAME/0`.
    var id: String
    var client: WebhookClientConfig
    var criteria: MatchCriteria
    var conditions: MatchConditions
    /// failurePolicy: a webhook that cannot be asked lets pass.
    var failsOpen: Bool
    var sideEffects: SideEffects
    var timeoutSeconds: Int64
    var reviewVersions: [String]
    /// reinvocationPolicy: asked again when somebody has changed the object behind it.
    var isReinvocable: Bool

    /// Whether a request that stores nothing may be shown to it.
    var allowsDryRun: Bool { sideEffects == .none || sideEffects == .noneOnDryRun }

    /// The version of AdmissionReview that it is asked in: the first that it takes and this server speaks.
    var reviewVersion: String? { reviewVersions.first { ["v1", "v1beta1"].contains($0) } }
}

extension Webhook {
    /// The webhooks of a configuration in their order.
    static func webhooks(of configuration: JSONObject) -> [Webhook] {
        var counts: [String: Int] = [:]
        return (configuration["webhooks"]?.arrayValue ?? []).map { json in
            let name = json["name"]?.stringValue ?? ""
            defer { counts[name, default: 0] += 1 }
            return Webhook(json, name: name, configurationName: configuration.name, index: counts[name] ?? 0)
        }
    }

    private init(_ json: JSONValue, name: String, configurationName: String, index: Int) {
        self.name = name
        self.configurationName = configurationName
        id = "\(configurationName)/\(name)/\(index)"
        client = WebhookClientConfig(json["clientConfig"] ?? .null)
        criteria = MatchCriteria(json, rules: "rules")
        conditions = MatchConditions(json["matchConditions"], PolicyTypes.environment(hasParams: false))
        failsOpen = json["failurePolicy"]?.stringValue == "Ignore"
        sideEffects = json["sideEffects"]?.stringValue.flatMap(SideEffects.init) ?? .unknown
        timeoutSeconds = json["timeoutSeconds"]?.integerValue ?? 10
        reviewVersions = (json["admissionReviewVersions"]?.arrayValue ?? []).compactMap(\.stringValue)
        isReinvocable = json["reinvocationPolicy"]?.stringValue == "IfNeeded"
    }
}

/// Where a webhook is: at a URL, or behind a service of the cluster.
struct WebhookClientConfig: Hashable, Sendable {
    struct Service: Hashable, Sendable {
        var namespace: String
        var name: String
        var port: Int
        /// Begins with a slash, or is empty.
        var path: String
    }

    var url: String?
    var service: Service?
    /// Certificates in PEM that may sign the webhook's; empty for those of this machine.
    var certificateAuthority: [UInt8]

    init(_ json: JSONValue) {
        url = json["url"]?.stringValue
        certificateAuthority = json["caBundle"]?.stringValue.flatMap { Base64Data(base64: $0) }?.bytes ?? []
        guard let service = json["service"], !service.isNull else { return }
        self.service = Service(
            namespace: service["namespace"]?.stringValue ?? "", name: service["name"]?.stringValue ?? "",
            port: Int(service["port"]?.integerValue ?? 443), path: service["path"]?.stringValue ?? "")
    }
}
