package import APIMachinery

/// What somebody wants to do, as authorization sees it: about a resource of the API, or about another URL.
package struct RequestAttributes: Hashable, Sendable {
    package var user: UserInfo
    /// An API verb (`get`, `deletecollection`, `impersonate` …); of a URL that is no resource the HTTP method in small letters.
    package var verb: String
    package var target: Target

    package enum Target: Hashable, Sendable {
        case resource(Resource)
        /// The path without the query: `/healthz`.
        case url(path: String)
    }

    package struct Resource: Hashable, Sendable {
        /// Empty for the core group.
        package var group: String
        package var version: String
        /// The plural name: `pods`.
        package var resource: String
        /// Empty, or `log`, `status` …
        package var subresource: String
        /// Empty for cluster-wide objects and for lists across namespaces.
        package var namespace: String
        /// Empty for lists and creates.
        package var name: String
        /// What a list, watch or deletecollection is narrowed to.
        package var fieldSelector: FieldSelector?

        package init(
            group: String, version: String = "v1", resource: String, subresource: String = "", namespace: String = "",
            name: String = "", fieldSelector: FieldSelector? = nil
        ) {
            self.group = group
            self.version = version
            self.resource = resource
            self.subresource = subresource
            self.namespace = namespace
            self.name = name
            self.fieldSelector = fieldSelector
        }

        /// How rules write it: `pods/log`.
        package var combined: String { subresource.isEmpty ? resource : "\(resource)/\(subresource)" }
    }

    package init(user: UserInfo, verb: String, resource: Resource) {
        self.user = user
        self.verb = verb
        target = .resource(resource)
    }

    package init(user: UserInfo, verb: String, path: String) {
        self.user = user
        self.verb = verb
        target = .url(path: path)
    }
}
