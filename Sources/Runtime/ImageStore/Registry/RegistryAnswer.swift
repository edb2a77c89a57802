import APIMachinery
internal import HTTPClient

/// An answer of a registry, whose body is read as slowly as the disk takes it.
struct RegistryAnswer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    /// Where it came from in the end.
    var url: HTTPURL
    /// `GET`.
    var method: String
    private let connection: any RawConnection
    private let clock: any TimeSource
    private let stallTimeout: Duration

    init(_ answer: StreamingAnswer, _ method: String, _ url: HTTPURL, _ clock: any TimeSource, stallTimeout: Duration) {
        (status, headers, connection) = (answer.status, answer.headers, answer.connection)
        (self.method, self.url, self.clock, self.stallTimeout) = (method, url, clock, stallTimeout)
    }

    var isSuccess: Bool { (200..<300).contains(status) }

    /// The next bytes, nil at the end.
    ///
    /// - Throws: `.unavailable` when the connection breaks or says nothing for too long.
    func read() async throws(ImageError) -> [UInt8]? {
        do {
            guard let bytes = try await within(stallTimeout, clock, { [connection] in Chunk(bytes: try await connection.read()) }) else {
                close()
                throw ImageError.unavailable("\(requestText): no data for \(stallTimeout)")
            }
            return bytes.bytes
        } catch let error as ImageError { throw error } catch {
            close()
            if Task.isCancelled { throw .cancelled }
            throw .unavailable("\(requestText): \(error)")
        }
    }

    /// The end of a body is no missing answer.
    private struct Chunk: Sendable { var bytes: [UInt8]? }

    /// The whole body.
    ///
    /// - Throws: `.refused` when it has more than `limit` bytes.
    func collect(limit: Int) async throws(ImageError) -> [UInt8] {
        defer { close() }
        var bytes: [UInt8] = []
        while let chunk = try await read() {
            guard bytes.count + chunk.count <= limit else { throw .refused("\(requestText): more than \(limit) bytes, the limit") }
            bytes += chunk
        }
        return bytes
    }

    func close() { connection.close() }

    /// `Get "https://host/v2/"`, as Go's errors name a request.
    private var requestText: String { "\(method.prefix(1))\(method.dropFirst().lowercased()) \(quoted("\(url.withoutQuery)"))" }
}

extension HTTPURL {
    /// For messages: what stands in a query may be a signature.
    var withoutQuery: HTTPURL {
        var url = self
        url.target = String(target.prefix { $0 != "?" })
        return url
    }
}

// MARK: Answers that say no

extension RegistryAnswer {
    /// What a registry says went wrong (OCI distribution-spec, "Error Codes"): `denied: requested access to the resource is denied`.
    static func serverMessage(_ body: [UInt8]) -> String? {
        guard let document = try? JSONValue(parsing: body), let errors = document["errors"]?.arrayValue, !errors.isEmpty else { return nil }
        let texts = errors.map { error -> String in
            let code = (error["code"]?.stringValue ?? "unknown").lowercased()
            let message = error["message"]?.stringValue ?? ""
            return message.isEmpty ? code : "\(code): \(message)"
        }
        return texts.joined(separator: ", ")
    }

    /// The error that this answer stands for; reads the body.
    func failure(action: String) async -> ImageError {
        let body = (try? await collect(limit: 64 << 10)) ?? []
        let message = Self.serverMessage(body)
        switch status {
        case 401, 403:
            let said = message ?? challengeText ?? "authorization failed"
            return .denied("\(action) access denied, repository does not exist or may require authorization: server message: \(said)")
        case 404: return .notFound(message ?? "not found")
        default:
            let text =
                "unexpected status from \(method) request to \(url.withoutQuery): \(status)"
                + (message.map { " - Server message: \($0)" } ?? "")
            return status == 429 || status >= 500 ? .unavailable(text) : ImageError(.failed, text)
        }
    }

    private var challengeText: String? {
        let error = AuthChallenge.parse(headers.all("WWW-Authenticate")).compactMap { $0.parameters["error"] }.first
        return error.map { "\($0): authorization failed" }
    }
}

extension ImageError {
    static func unavailable(_ text: String) -> ImageError { ImageError(.unavailable, text) }
    static func denied(_ text: String) -> ImageError { ImageError(.denied, text) }
    static let cancelled = ImageError(.failed, "context canceled")
}
