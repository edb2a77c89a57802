internal import APIMachinery
internal import APIServer

extension ServiceAccountClaims {
    var subject: String { "system:serviceaccount:\(namespace):\(serviceAccount.name)" }

    /// Upstream's claims, in the order of their names, as Go writes them.
    func json(issuer: String) -> JSONValue {
        var own = JSONObject()
        own["namespace"] = .string(namespace)
        if let node { own["node"] = node.json }
        if let pod { own["pod"] = pod.json }
        if let secret { own["secret"] = secret.json }
        own["serviceaccount"] = serviceAccount.json
        if let warnAfter { own["warnafter"] = .integer(warnAfter.seconds) }
        return [
            "aud": .array(audiences.map { .string($0) }), "exp": .integer(expiresAt.seconds), "iat": .integer(issuedAt.seconds),
            "iss": .string(issuer), "jti": .string(id), "kubernetes.io": .object(own), "nbf": .integer(issuedAt.seconds),
            "sub": .string(subject),
        ]
    }

    /// nil when something is missing.
    init?(_ json: JSONValue) {
        let own = json["kubernetes.io"]
        guard let namespace = own?["namespace"]?.stringValue, let account = Reference(own?["serviceaccount"]),
            let end = json["exp"]?.integerValue, let start = json["iat"]?.integerValue
        else { return nil }
        // RFC 7519, 4.1.3: one audience may stand alone.
        let audiences = json["aud"]?.stringValue.map { [$0] } ?? json["aud"]?.arrayValue?.compactMap(\.stringValue) ?? []
        self.init(
            namespace: namespace, serviceAccount: account, audiences: audiences, issuedAt: Timestamp(seconds: start),
            expiresAt: Timestamp(seconds: end), id: json["jti"]?.stringValue ?? "")
        pod = Reference(own?["pod"])
        secret = Reference(own?["secret"])
        node = Reference(own?["node"])
        warnAfter = own?["warnafter"]?.integerValue.map { Timestamp(seconds: $0) }
    }

    /// Who asks with such a token.
    var user: UserInfo {
        var extra: [String: [String]] = [:]
        let prefix = "authentication.kubernetes.io/"
        if !id.isEmpty { extra[prefix + "credential-id"] = ["JTI=\(id)"] }
        if let pod {
            extra[prefix + "pod-name"] = [pod.name]
            extra[prefix + "pod-uid"] = [pod.uid]
        }
        if let node {
            extra[prefix + "node-name"] = [node.name]
            extra[prefix + "node-uid"] = [node.uid]
        }
        return UserInfo(
            name: subject, uid: serviceAccount.uid,
            groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)"], extra: extra)
    }
}

extension ServiceAccountClaims.Reference {
    fileprivate init?(_ json: JSONValue?) {
        guard let name = json?["name"]?.stringValue, let uid = json?["uid"]?.stringValue else { return nil }
        self.init(name: name, uid: uid)
    }

    fileprivate var json: JSONValue { ["name": .string(name), "uid": .string(uid)] }
}
