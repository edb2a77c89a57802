/// A request to an API server, whatever brought it: a socket, or a direct call from the same process.
package struct APIRequest: Sendable {
    /// A parameter of the query, percent-decoded, in the order sent; a name may come more than once.
    package struct Parameter: Hashable, Sendable {
        package var name: String
        package var value: String
        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// In capitals: `GET`.
    package var method: String
    /// As sent, percent-encoded, without the query: `/api/v1/namespaces/default/pods`.
    package var path: String
    package var query: [Parameter]
    package var headers: HTTPHeaders
    package var body: [UInt8]

    package init(
        method: String = "GET", path: String, query: [Parameter] = [], headers: HTTPHeaders = [:], body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    /// The first value of a parameter.
    package func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }
}
