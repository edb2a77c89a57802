internal import APIMachinery

extension AdmissionAttributes.Options {
    /// The object that webhooks are shown; the kind of a write's depends on what it does.
    func json(_ operation: AdmissionAttributes.Operation) -> JSONObject? {
        switch self {
        case .none: nil
        case .write(let options): options.json(kind: operation == .create ? "CreateOptions" : "UpdateOptions")
        case .deletion(let options): options.json
        }
    }
}

extension WriteOptions {
    fileprivate func json(kind: String) -> JSONObject {
        var json: JSONObject = ["kind": .string(kind), "apiVersion": "meta.k8s.io/v1"]
        if isDryRun { json.append("dryRun", ["All"]) }
        if !fieldManager.isEmpty { json.append("fieldManager", .string(fieldManager)) }
        if fieldValidation != .warn { json.append("fieldValidation", .string(fieldValidation.rawValue)) }
        return json
    }
}

extension DeletionOptions {
    fileprivate var json: JSONObject {
        var json: JSONObject = ["kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"]
        if let gracePeriodSeconds { json.append("gracePeriodSeconds", .integer(gracePeriodSeconds)) }
        var preconditions = JSONObject()
        if let uidPrecondition { preconditions.append("uid", .string(uidPrecondition)) }
        if let versionPrecondition { preconditions.append("resourceVersion", .string(versionPrecondition)) }
        if !preconditions.isEmpty { json.append("preconditions", .object(preconditions)) }
        if let orphanDependents { json.append("orphanDependents", .bool(orphanDependents)) }
        if let propagation { json.append("propagationPolicy", .string(propagation.rawValue)) }
        if isDryRun { json.append("dryRun", ["All"]) }
        return json
    }
}
