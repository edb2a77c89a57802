internal import APIMachinery
internal import APIServer

extension FuzzTarget {
    static func labelSelector(_ bytes: [UInt8]) {
        guard let selector = try? Selector(parsing: String(decoding: bytes, as: UTF8.self)) else { return }
        _ = selector.matches([:])
        _ = selector.matches(["app": "web", "tier": "1", "": ""])
        guard let again = try? Selector(parsing: "\(selector)") else { preconditionFailure("a selector does not read what it prints") }
        precondition("\(again)" == "\(selector)", "printed, read and printed, it is another selector")
    }

    static func fieldSelector(_ bytes: [UInt8]) {
        guard let selector = try? FieldSelector(parsing: String(decoding: bytes, as: UTF8.self)) else { return }
        _ = selector.matches { $0.isEmpty ? nil : "web" }
        _ = selector.requiredValue(of: "metadata.name")
        guard let again = try? FieldSelector(parsing: "\(selector)") else { preconditionFailure("a selector does not read what it prints") }
        precondition(again.requirements == selector.requirements, "printed and read, it is another selector")
    }

    /// A request line: method, path, query. What the authorizer is asked about is what the path says, or nothing.
    static func request(_ bytes: [UInt8]) {
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].first == "/" else { return }
        let query = parts[2].split(separator: "&").map { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return APIRequest.Parameter(name: String(pair[0]), value: pair.count > 1 ? String(pair[1]) : "")
        }
        let info = RequestInfo(APIRequest(method: String(parts[0]), path: String(parts[1]), query: query))
        precondition(!info.isNamed || !info.name.isEmpty, "named without a name")
        precondition(info.isResourceRequest || info.resource.isEmpty, "a resource outside of the API")
    }

    static func scalars(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let quantity = try? Quantity(parsing: text) {
            let printed = quantity.description
            precondition((try? Quantity(parsing: printed))?.description == printed, "a quantity's canonical form is not stable")
        }
        if let time = Timestamp(text) { precondition(Timestamp(time.description) != nil, "a time cannot be read again") }
        if let data = Base64Data(base64: text) {
            precondition(Base64Data(base64: data.base64)?.bytes == data.bytes, "Base64 lost something")
        }
        _ = NameValidation.qualifiedName(text)
        _ = NameValidation.dns1123Subdomain(text)
        _ = IPAddress(text)
    }
}
