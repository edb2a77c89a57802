internal import APIMachinery

/// Members of Kubernetes's types that came after the version whose types this program has: their error says so, since they are no
/// slips of the pen.
enum LaterFields {
    private static let names: Set<String> = ["hostnameOverride", "schedulingGroup", "fileKeyRef", "podCertificate"]

    static func explained(_ error: FieldError) -> FieldError {
        guard error.kind == .unknownField, case .field(let name) = error.path.elements.last, names.contains(name) else { return error }
        var error = error
        error.detail = "Kubernetes has it since a later version than 1.33, whose fields this node knows"
        return error
    }
}
