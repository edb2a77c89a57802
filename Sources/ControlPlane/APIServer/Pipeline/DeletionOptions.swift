package import APIMachinery

/// How something is to be deleted: meta/v1 DeleteOptions from the body or, without one, from the query.
package struct DeletionOptions: Hashable, Sendable {
    package enum Propagation: String, Sendable { case orphan = "Orphan", background = "Background", foreground = "Foreground" }

    package var gracePeriodSeconds: Int64?
    package var propagation: Propagation?
    package var orphanDependents: Bool?
    package var uidPrecondition: String?
    package var versionPrecondition: String?
    package var isDryRun = false

    package init() {}

    /// - Parameter body: The decoded body; nil when there is none.
    package init(_ request: APIRequest, body: JSONValue?) throws(Status) {
        var dryRun: [String] = []
        var propagationText = ""
        if let body {
            try read(body, &dryRun, &propagationText)
        } else {
            gracePeriodSeconds = try request.integer("gracePeriodSeconds")
            if request.parameter("orphanDependents") != nil { orphanDependents = request.flag("orphanDependents") }
            propagationText = request.parameter("propagationPolicy") ?? ""
            dryRun = request.query.filter { $0.name == "dryRun" }.map(\.value)
        }
        try validate(dryRun, propagationText, isPropagationGiven: !propagationText.isEmpty)
    }

    private mutating func read(_ body: JSONValue, _ dryRun: inout [String], _ propagation: inout String) throws(Status) {
        gracePeriodSeconds = body["gracePeriodSeconds"]?.integerValue
        orphanDependents = body["orphanDependents"]?.boolValue
        propagation = body["propagationPolicy"]?.stringValue ?? ""
        uidPrecondition = body["preconditions"]?["uid"]?.stringValue
        versionPrecondition = body["preconditions"]?["resourceVersion"]?.stringValue
        dryRun = (body["dryRun"]?.arrayValue ?? []).compactMap(\.stringValue)
    }

    private mutating func validate(_ dryRun: [String], _ propagationText: String, isPropagationGiven: Bool) throws(Status) {
        var problems: [FieldError] = []
        let path = FieldPath("propagationPolicy")
        if isPropagationGiven, orphanDependents != nil {
            problems.append(
                .invalid(path, .string(propagationText), "orphanDependents and deletionPropagation cannot be both set"))
        }
        if isPropagationGiven {
            propagation = Propagation(rawValue: propagationText)
            if propagation == nil {
                problems.append(
                    .notSupported(path, .string(propagationText), supported: ["Foreground", "Background", "Orphan", "nil"]))
            }
        }
        problems += WriteOptions.dryRunProblems(dryRun)
        isDryRun = !dryRun.isEmpty
        guard problems.isEmpty else { throw .invalid(kind: "DeleteOptions", group: "meta.k8s.io", name: "", problems) }
    }
}
