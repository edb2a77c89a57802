internal import APIMachinery

/// Why a request gets no answer: a status of HTTP and a line of text, as the kubelet gives them.
struct KubeletRefusal: Error, Hashable, Sendable {
    var status: Int
    var message: String

    init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    var response: APIResponse { .plainText(message + "\n", status: status) }
}

extension APIResponse {
    static func plainText(_ text: String, status: Int = 200, type: String = "text/plain; charset=utf-8") -> APIResponse {
        APIResponse(status: status, headers: ["Content-Type": type, "X-Content-Type-Options": "nosniff"], body: .bytes(Array(text.utf8)))
    }

    static func json(_ value: JSONValue) -> APIResponse {
        APIResponse(status: 200, headers: ["Content-Type": "application/json"], body: .bytes(value.serialized()))
    }
}
