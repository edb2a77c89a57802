internal import APIMachinery

extension Validator {
    private static let usages = [
        "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment",
        "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel",
        "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing",
        "s/mime", "server auth", "signing", "timestamping",
    ]

    mutating func certificateRequest(_ object: JSONField) {
        let spec = object["spec"]
        pemRequest(spec["request"])
        let usages = spec["usages"]
        if usages.items.isEmpty { report(.required(usages.path)) }
        for usage in usages.items { oneOf(usage, Self.usages) }
        var seen: Set<String> = []
        for usage in usages.items where !seen.insert(usage.string).inserted {
            report(.duplicate(usage.path, usage.shown))
        }
        signerName(spec["signerName"])
        if let seconds = spec["expirationSeconds"].integer, seconds < 600 {
            invalid(spec["expirationSeconds"], "may not specify a duration less than 600 seconds (10 minutes)")
        }
    }

    /// Only the envelope is read here: whether the request is signed is for those who sign.
    private mutating func pemRequest(_ field: JSONField) {
        let text = Base64Data(base64: field.string).map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
        let lines = text.split(separator: "\n").map { $0.last == "\r" ? $0.dropLast() : $0 }
        let begin = lines.firstIndex { $0.hasPrefix("-----BEGIN CERTIFICATE REQUEST-----") }
        let end = lines.firstIndex { $0.hasPrefix("-----END CERTIFICATE REQUEST-----") }
        guard let begin, let end, begin < end,
            let der = Base64Data(base64: lines[(begin + 1)..<end].joined()), der.bytes.first == 0x30
        else { return invalid(field, "PEM block type must be CERTIFICATE REQUEST") }
    }

    private mutating func signerName(_ field: JSONField) {
        guard required(field) else { return }
        let parts = field.string.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            return invalid(field, "must be a fully qualified domain and path of the form 'example.com/signer-name'")
        }
        for problem in NameValidation.dns1123Subdomain(parts[0]) {
            invalid(field, "validating label \(parts[0].quoted): \(problem)")
        }
        if !parts[0].contains(".") { invalid(field, "should be a domain with at least two segments separated by dots") }
        for problem in NameValidation.dns1123Subdomain(parts[1]) {
            invalid(field, "validating label \(parts[1].quoted): \(problem)")
        }
    }

    mutating func certificateRequestUpdate(_ new: JSONField, _ old: JSONField, subresource: String) {
        func conditions(_ object: JSONField, _ type: String) -> [JSONValue] {
            object["status", "conditions"].items.filter { $0["type"].string == type }.compactMap(\.value)
        }
        for type in ["Approved", "Denied", "Failed"] {
            let (now, before) = (conditions(new, type), conditions(old, type))
            let mayAdd = type == "Failed" ? subresource == "status" : subresource == "approval"
            let path = FieldPath("status", "conditions")
            if now.count < before.count || zip(now, before).contains(where: { $0["type"] != $1["type"] }) {
                report(.forbidden(path, "updates may not remove a condition of type \(type.quoted)"))
            } else if now.count > before.count, !mayAdd {
                report(.forbidden(path, "updates may not add a condition of type \(type.quoted)"))
            } else if now.count == before.count, now != before {
                report(.forbidden(path, "updates may not modify a condition of type \(type.quoted)"))
            }
        }
        if !conditions(new, "Approved").isEmpty, !conditions(new, "Denied").isEmpty {
            report(
                .invalid(
                    FieldPath("status", "conditions"), new["status", "conditions"].shown,
                    "Approved and Denied conditions are mutually exclusive"))
        }
        if old["status", "certificate"].isSet { immutable(new["status", "certificate"], old["status", "certificate"]) }
    }
}
