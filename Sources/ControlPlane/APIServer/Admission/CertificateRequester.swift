package import APIMachinery

/// A CertificateSigningRequest says who made it: whoever approves it decides by that, so it is never what the requester wrote.
package struct CertificateRequester: AdmissionPlugin {
    package init() {}

    package func mutate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard attributes.operation == .create, attributes.isFor("certificatesigningrequests", group: "certificates.k8s.io") else { return }
        let user = attributes.user
        attributes.object?["spec"]?["username"] = .string(user.name)
        attributes.object?["spec"]?["uid"] = user.uid.isEmpty ? nil : .string(user.uid)
        attributes.object?["spec"]?["groups"] = user.groups.isEmpty ? nil : .array(user.groups.map { .string($0) })
        var extra = JSONObject()
        for (key, values) in user.extra.sorted(by: { $0.key < $1.key }) { extra.append(key, .array(values.map { .string($0) })) }
        attributes.object?["spec"]?["extra"] = extra.isEmpty ? nil : .object(extra)
        // Nobody approves what is only being asked for.
        attributes.object?["status"] = .object([:])
    }
}
