package import APIMachinery

extension Status {
    /// What was refused to whom, in upstream's words.
    package static func forbidden(_ attributes: RequestAttributes, reason: String) -> Status {
        let tail = reason.isEmpty ? "" : ": \(reason)"
        let user = "User \(attributes.user.name.quoted) cannot \(attributes.verb)"
        switch attributes.target {
        case .url(let path):
            return Status(
                code: 403, reason: .forbidden, message: "forbidden: \(user) path \(path.quoted)\(tail)", details: Details())
        case .resource(let resource):
            var details = Details()
            details.name = resource.name
            details.group = resource.group
            details.kind = resource.resource
            let object = resource.group.isEmpty ? resource.resource : "\(resource.resource).\(resource.group)"
            let name = resource.name.isEmpty ? "" : " \(resource.name.quoted)"
            let place = resource.namespace.isEmpty ? "at the cluster scope" : "in the namespace \(resource.namespace.quoted)"
            return Status(
                code: 403, reason: .forbidden,
                message: "\(object)\(name) is forbidden: \(user) resource \(resource.combined.quoted) in API group "
                    + "\(resource.group.quoted) \(place)\(tail)", details: details)
        }
    }
}
