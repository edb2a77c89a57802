package import APIMachinery

/// What a list, a watch or a deletion of many asks for: meta/v1 ListOptions from the query.
package struct ListOptions: Sendable {
    package enum VersionMatch: String, Sendable { case exact = "Exact", notOlderThan = "NotOlderThan" }

    package var labelSelector = Selector.everything
    package var fieldSelector = FieldSelector()
    package var isWatch = false
    package var allowsBookmarks = false
    package var sendsInitialEvents: Bool?
    /// nil when not given.
    package var resourceVersion: Int64?
    package var versionMatch: VersionMatch?
    package var timeoutSeconds: Int64?
    /// nil for all.
    package var limit: Int?
    package var continuation = ""

    package init() {}

    package init(_ request: APIRequest, isWatch: Bool) throws(Status) {
        self.isWatch = isWatch
        do throws(SelectorError) {
            if let text = request.parameter("labelSelector") { labelSelector = try Selector(parsing: text) }
            if let text = request.parameter("fieldSelector") { fieldSelector = try FieldSelector(parsing: text) }
        } catch {
            throw .badRequest(Self.selectorText(error.description))
        }
        allowsBookmarks = request.flag("allowWatchBookmarks")
        if request.parameter("sendInitialEvents") != nil { sendsInitialEvents = request.flag("sendInitialEvents") }
        timeoutSeconds = try request.integer("timeoutSeconds")
        limit = try request.integer("limit").flatMap { $0 > 0 ? Int(clamping: $0) : nil }
        continuation = request.parameter("continue") ?? ""
        try validate(versionText: request.parameter("resourceVersion") ?? "", matchText: request.parameter("resourceVersionMatch") ?? "")
    }

    /// Upstream says of errors inside of one requirement of a label selector that they are.
    private static func selectorText(_ text: String) -> String {
        let isBetween = ["',' or 'end of string'", "!, identifier, or 'end of string'", "identifier after ','"].contains {
            text.hasSuffix("expected: \($0)")
        }
        let isOfFields = text.hasPrefix("invalid selector") || text.hasPrefix("invalid field selector")
        return isBetween || isOfFields ? text : "unable to parse requirement: \(text)"
    }

    private mutating func validate(versionText: String, matchText: String) throws(Status) {
        let problems = isWatch ? watchProblems(matchText) : listProblems(versionText: versionText, matchText: matchText)
        guard problems.isEmpty else {
            throw .invalid(kind: "ListOptions", group: "meta.k8s.io", name: "", problems)
        }
        versionMatch = VersionMatch(rawValue: matchText)
        if !continuation.isEmpty, !versionText.isEmpty, versionText != "0" {
            throw .badRequest("specifying resource version is not allowed when using continue")
        }
        resourceVersion = try Self.revision(versionText, isWatch: isWatch)
    }

    private func listProblems(versionText: String, matchText: String) -> [FieldError] {
        var problems: [FieldError] = []
        let path = FieldPath("resourceVersionMatch")
        if !matchText.isEmpty {
            if versionText.isEmpty {
                problems.append(.forbidden(path, "resourceVersionMatch is forbidden unless resourceVersion is provided"))
            }
            if !continuation.isEmpty {
                problems.append(.forbidden(path, "resourceVersionMatch is forbidden when continue is provided"))
            }
            if VersionMatch(rawValue: matchText) == nil {
                problems.append(.notSupported(path, .string(matchText), supported: ["Exact", "NotOlderThan", ""]))
            }
            if matchText == VersionMatch.exact.rawValue, versionText == "0" {
                problems.append(.forbidden(path, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""))
            }
        }
        if sendsInitialEvents != nil {
            problems.append(.forbidden(FieldPath("sendInitialEvents"), "sendInitialEvents is forbidden for list"))
        }
        return problems
    }

    private func watchProblems(_ matchText: String) -> [FieldError] {
        var problems: [FieldError] = []
        let path = FieldPath("resourceVersionMatch")
        if sendsInitialEvents != nil, matchText != VersionMatch.notOlderThan.rawValue {
            problems.append(.forbidden(path, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
        }
        if !matchText.isEmpty {
            if sendsInitialEvents == nil {
                problems.append(.forbidden(path, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
            }
            if matchText != VersionMatch.notOlderThan.rawValue {
                problems.append(.notSupported(path, .string(matchText), supported: ["NotOlderThan"]))
            }
        }
        if !continuation.isEmpty {
            problems.append(.forbidden(path, "resourceVersionMatch is forbidden when continue is provided"))
        }
        return problems
    }

    /// - Returns: nil for the empty text.
    static func revision(_ text: String, isWatch: Bool) throws(Status) -> Int64? {
        guard !text.isEmpty else { return nil }
        if let value = UInt64(text), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return Int64(clamping: value) }
        let reason = text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? "value out of range" : "invalid syntax"
        let problem = "resourceVersion: Invalid value: \(text.quoted): strconv.ParseUint: parsing \(text.quoted): \(reason)"
        // Upstream lets this error of a watch and of a get through as it is.
        throw isWatch ? Status(code: 500, reason: .unknown, message: problem) : .badRequest("invalid resource version: \(problem)")
    }
}

extension APIRequest {
    /// - Throws: 400 with the words of Go's parser.
    func integer(_ name: String) throws(Status) -> Int64? {
        guard let text = parameter(name), !text.isEmpty else { return nil }
        guard let value = Int64(text) else {
            throw .badRequest("strconv.ParseInt: parsing \(text.quoted): invalid syntax")
        }
        return value
    }
}
