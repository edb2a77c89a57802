internal import APIMachinery

/// Everything about one request on a resource that the verbs need, and what they leave for the answer.
struct RequestContext: Sendable {
    var request: APIRequest
    var info: RequestInfo
    var caller: Caller
    var resource: ResourceDefinition
    /// When the request came: the time of every timestamp that it sets.
    var now: Timestamp
    var warnings = Warnings()

    init(request: APIRequest, info: RequestInfo, caller: Caller, resource: ResourceDefinition, now: Timestamp) {
        self.request = request
        self.info = info
        self.caller = caller
        self.resource = resource
        self.now = now.truncatedToSeconds
    }

    /// The namespace that objects of this resource lie in; empty for one of the cluster.
    var namespace: String { resource.isNamespaced ? info.namespace : "" }
}
