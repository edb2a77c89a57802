import APIMachinery
import APIServer
import Testing

@Suite struct RequestInfoTests {
    /// Verb, group, version, namespace, resource, name, subresource, trailing path.
    @Test(arguments: [
        ("GET", "/api/v1/pods", "list  v1 . pods . . "),
        ("GET", "/api/v1/namespaces/ns/pods/p/log", "get  v1 ns pods p log "),
        ("GET", "/api/v1/namespaces/ns", "get  v1 ns namespaces ns . "),
        ("PUT", "/api/v1/namespaces/ns/finalize", "update  v1 ns namespaces ns finalize "),
        ("GET", "/api/v1/namespaces/ns/status", "get  v1 ns namespaces ns status "),
        ("DELETE", "/apis/apps/v1/namespaces/ns/deployments", "deletecollection apps v1 ns deployments . . "),
        ("GET", "/apis/apps/v1/deployments?watch", "watch apps v1 . deployments . . "),
        ("GET", "/apis/apps/v1/deployments?watch=0", "list apps v1 . deployments . . "),
        ("GET", "/api/v1/watch/namespaces/ns/pods/p", "watch  v1 ns pods p . "),
        ("GET", "/api/v1/nodes/n/proxy/a/b", "get  v1 . nodes n proxy a/b"),
        ("GET", "/api/v1/namespaces/a%2Fb/pods", "list  v1 a/b pods . . "),
        ("GET", "/api/v1/pods?fieldSelector=metadata.name%3Dx", "list  v1 . pods x . "),
    ])
    func `a path says what a request is about`(method: String, target: String, expected: String) {
        var request = APIRequest(target: target)
        request.method = method
        let info = RequestInfo(request)
        func shown(_ text: String) -> String { text.isEmpty ? "." : text }
        let text =
            "\(info.verb) \(info.apiGroup) \(info.apiVersion) \(shown(info.namespace)) \(info.resource) \(shown(info.name)) "
            + "\(shown(info.subresource)) \(info.trailingPath.joined(separator: "/"))"
        #expect(text == expected)
        #expect(info.isResourceRequest)
    }

    @Test(arguments: ["/", "/api", "/api/v1", "/apis/apps/v1", "/version", "/readyz/ping", "/openapi/v3"])
    func `other paths are no resources`(path: String) {
        let info = RequestInfo(APIRequest(path: path))
        #expect(!info.isResourceRequest)
        #expect(info.verb == "get")
    }
}
