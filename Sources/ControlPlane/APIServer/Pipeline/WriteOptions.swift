package import APIMachinery

/// What a create, update or patch asks for besides its body: meta/v1 CreateOptions, UpdateOptions, PatchOptions from the query.
package struct WriteOptions: Hashable, Sendable {
    package enum FieldValidation: String, Sendable { case ignore = "Ignore", warn = "Warn", strict = "Strict" }

    package var isDryRun = false
    /// Empty when not given: then the user agent counts.
    package var fieldManager = ""
    package var fieldValidation = FieldValidation.warn
    /// Of an apply: takes fields that others own.
    package var force = false

    package init() {}

    /// - Parameters:
    ///   - kind: `CreateOptions`, `UpdateOptions` or `PatchOptions`.
    ///   - isApply: Only a server-side apply may force, and it must name its manager.
    package init(_ request: APIRequest, kind: String, isApply: Bool = false) throws(Status) {
        var problems: [FieldError] = []
        if isApply, (request.parameter("fieldManager") ?? "").isEmpty {
            problems.append(.required(FieldPath("fieldManager"), "is required for apply patch"))
        }
        if !isApply, request.parameter("force") != nil {
            problems.append(.forbidden(FieldPath("force"), "may not be specified for non-apply patch"))
        }
        fieldManager = request.parameter("fieldManager") ?? ""
        problems += Self.managerProblems(fieldManager)
        force = request.flag("force")
        let dryRun = request.query.filter { $0.name == "dryRun" }.map(\.value)
        problems += Self.dryRunProblems(dryRun)
        isDryRun = !dryRun.isEmpty
        if let text = request.parameter("fieldValidation"), !text.isEmpty {
            if let value = FieldValidation(rawValue: text) {
                fieldValidation = value
            } else {
                problems.append(
                    .notSupported(FieldPath("fieldValidation"), .string(text), supported: ["", "Ignore", "Strict", "Warn"]))
            }
        }
        guard problems.isEmpty else { throw .invalid(kind: kind, group: "meta.k8s.io", name: "", problems) }
    }

    static func dryRunProblems(_ values: [String]) -> [FieldError] {
        guard !values.allSatisfy({ $0 == "All" }) else { return [] }
        return [.notSupported(FieldPath("dryRun"), .array(values.map { .string($0) }), supported: ["All"])]
    }

    private static func managerProblems(_ manager: String) -> [FieldError] {
        var problems: [FieldError] = []
        let path = FieldPath("fieldManager")
        if manager.utf8.count > 128 { problems.append(.tooLong(path, maxBytes: 128)) }
        for (position, scalar) in manager.unicodeScalars.enumerated() where scalar.value < 0x20 || scalar.value == 0x7F {
            let digits = String(scalar.value, radix: 16, uppercase: true)
            let name = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            problems.append(.invalid(path, .string(manager), "invalid character \(name) (at position \(position))"))
        }
        return problems
    }
}

extension APIRequest {
    /// The manager to which changes are ascribed: the one given, else the program's name from the user agent.
    func manager(_ options: WriteOptions) -> String {
        guard options.fieldManager.isEmpty else { return options.fieldManager }
        let agent = headers["User-Agent"] ?? ""
        let name = agent.prefix { $0 != "/" }
        let printable = name.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
        var text = ""
        text.unicodeScalars.append(contentsOf: printable)
        // Upstream cuts at bytes.
        while text.utf8.count > 128 { text.removeLast() }
        return text.isEmpty ? "unknown" : text
    }
}
