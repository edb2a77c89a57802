package import APIMachinery

/// Carries requests to where pods are: to node agents, pods, services. The server itself has no sockets.
package protocol BackendConnector: Sendable {
    /// Sends a request on a connection of its own.
    ///
    /// - Throws: When there is no answer.
    func send(_ request: BackendRequest) async throws(BackendError) -> BackendAnswer
}

/// A request to a node agent, pod or service, and how to reach it.
package struct BackendRequest: Sendable {
    package enum Security: Hashable, Sendable {
        case plainText
        /// A node agent: it is shown this server's client certificate, and has to prove who it is.
        case kubelet
        /// A node agent whose proof the client did not want to be asked for.
        case unverifiedKubelet
        /// TLS with whoever answers: pods and services have no authority of their own.
        case unverified
        /// An extension API server: it is shown the front proxy's client certificate.
        case extensionServer(ExtensionTrust)
    }

    /// A name or an IP address.
    package var host: String
    package var port: Int
    package var security: Security
    package var request: APIRequest

    package init(host: String, port: Int, security: Security, request: APIRequest) {
        self.host = host
        self.port = port
        self.security = security
        self.request = request
    }

    /// As errors show it.
    package var url: String {
        let scheme = security == .plainText ? "http" : "https"
        let authority = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        let query = request.query.map { "\(PercentEncoding.encoded($0.name))=\(PercentEncoding.encoded($0.value))" }
        return "\(scheme)://\(authority)\(request.path)" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }
}

package struct BackendAnswer: Sendable {
    package var status: Int
    package var headers: HTTPHeaders
    /// The body, to be read; with status 101 the connection itself. Whoever gives it up closes it.
    package var connection: any RawConnection

    package init(status: Int, headers: HTTPHeaders, connection: any RawConnection) {
        self.status = status
        self.headers = headers
        self.connection = connection
    }

    /// The whole body, or its beginning.
    ///
    /// - Throws: When it breaks off.
    func collect(upTo limit: Int) async throws(BackendError) -> [UInt8] {
        defer { connection.close() }
        var bytes: [UInt8] = []
        do {
            while bytes.count < limit, let more = try await connection.read() { bytes += more }
        } catch {
            throw BackendError("\(error)")
        }
        return Array(bytes.prefix(limit))
    }
}

/// Why there is no answer, in the words of Go's client: `dial tcp 10.0.0.1:10250: connect: connection refused`.
package struct BackendError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
