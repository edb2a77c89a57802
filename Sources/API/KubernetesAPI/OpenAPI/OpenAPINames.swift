internal import APIMachinery

/// Upstream's names of the types in OpenAPI documents: `io.k8s.api.core.v1.Pod`.
enum OpenAPINames {
    private static let machinery = "io.k8s.apimachinery.pkg"

    /// - Parameter type: The schema's name, as `core/v1.Pod`.
    static func definition(ofType type: String) -> String {
        switch type {
        case "base.Quantity": return "\(machinery).api.resource.Quantity"
        case "base.IntOrString": return "\(machinery).util.intstr.IntOrString"
        case "base.RawExtension": return "\(machinery).runtime.RawExtension"
        default: break
        }
        guard let slash = type.firstIndex(of: "/") else { return type }
        let rest = type[type.index(after: slash)...]
        switch type[..<slash] {
        case "meta": return "\(machinery).apis.meta.\(rest)"
        case "apiextensions": return "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.\(rest)"
        case "apiregistration": return "io.k8s.kube-aggregator.pkg.apis.apiregistration.\(rest)"
        case let group: return "io.k8s.api.\(group).\(rest)"
        }
    }

    /// `com.example.v1.Widget` for `example.com`.
    static func definition(ofCustom kind: GroupVersionKind) -> String {
        (kind.group.split(separator: ".").reversed().map(String.init) + [kind.version, kind.kind])
            .joined(separator: ".")
    }

    /// The schema's type of a field type that is one of upstream's own: times, quantities.
    static func type(of field: FieldType) -> String? {
        switch field {
        case .time: "meta/v1.Time"
        case .microTime: "meta/v1.MicroTime"
        case .quantity: "base.Quantity"
        case .intOrString: "base.IntOrString"
        case .type(let name): name
        default: nil
        }
    }
}
