internal import APIMachinery

enum APIServiceStrategy {
    /// What the server has by itself is there as soon as somebody says so.
    static let prepareForCreate: KindProfile.Change = { service in
        guard service["spec"]?["service"] == nil else { return }
        let condition: JSONValue = [
            "type": "Available", "status": "True", "lastTransitionTime": service["metadata"]?["creationTimestamp"] ?? .null,
            "reason": "Local", "message": "Local APIServices are always available",
        ]
        service["status"] = ["conditions": [condition]]
    }
}
