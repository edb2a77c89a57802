/// What `authorizer` and `authorizer.requestResource` offer. The API server supplies the objects, which answer the calls.
package enum AuthorizerTypes {
    package static let authorizer = "kubernetes.authorization.Authorizer"
    package static let pathCheck = "kubernetes.authorization.PathCheck"
    package static let groupCheck = "kubernetes.authorization.GroupCheck"
    package static let resourceCheck = "kubernetes.authorization.ResourceCheck"
    package static let decision = "kubernetes.authorization.Decision"
}

extension Libraries {
    static func addAuthorizer(_ table: inout FunctionTable) {
        func member(_ name: String, of type: String, _ parameters: [CELType], _ result: String) {
            table.opaqueMember(name, of: type, parameters, .opaque(result))
        }
        member("path", of: AuthorizerTypes.authorizer, [.string], AuthorizerTypes.pathCheck)
        member("group", of: AuthorizerTypes.authorizer, [.string], AuthorizerTypes.groupCheck)
        member("serviceAccount", of: AuthorizerTypes.authorizer, [.string, .string], AuthorizerTypes.authorizer)
        member("resource", of: AuthorizerTypes.groupCheck, [.string], AuthorizerTypes.resourceCheck)
        for name in ["subresource", "namespace", "name", "fieldSelector", "labelSelector"] {
            member(name, of: AuthorizerTypes.resourceCheck, [.string], AuthorizerTypes.resourceCheck)
        }
        member("check", of: AuthorizerTypes.pathCheck, [.string], AuthorizerTypes.decision)
        member("check", of: AuthorizerTypes.resourceCheck, [.string], AuthorizerTypes.decision)
        for (name, type) in [("allowed", CELType.bool), ("errored", .bool), ("reason", .string), ("error", .string)] {
            table.opaqueMember(name, of: AuthorizerTypes.decision, [], type)
        }
    }
}
