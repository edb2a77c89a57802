internal import APIMachinery
internal import KubernetesClient
internal import LinuxSystem

/// A kubeconfig (clientcmd v1) as a client of the API server that its current context names.
enum KubeconfigFile {
    private static let maxBytes = 1 << 20

    /// A client, and whose certificates are good there.
    struct Access: Sendable {
        var client: Client
        /// Where it leads and what it shows.
        var address: ServerAddress
        /// Below the client: to show another certificate one day.
        var transport: HTTPSTransport
        /// The user's entry.
        var userName: String
        /// PEM.
        var authority: [UInt8] { address.certificateAuthority }
    }

    /// - Throws: `UsageError` that names the file and what is wrong with it.
    static func client(path: String, userAgent: String) throws -> Client { try access(path: path, userAgent: userAgent).client }

    /// - Throws: `UsageError` that names the file and what is wrong with it.
    static func access(path: String, userAgent: String) throws -> Access {
        func wrong(_ what: String) -> UsageError { UsageError("kubeconfig \(path): \(what)") }
        let json = try read(path)
        guard let contextName = json["current-context"]?.stringValue, !contextName.isEmpty else { throw wrong("it has no current-context") }
        guard let context = entry(contextName, of: "contexts", json)?["context"] else { throw wrong("it has no context \(contextName)") }
        guard let cluster = entry(context["cluster"]?.stringValue, of: "clusters", json)?["cluster"] else {
            throw wrong("context \(contextName) names no cluster")
        }
        guard let user = entry(context["user"]?.stringValue, of: "users", json)?["user"] else {
            throw wrong("context \(contextName) names no user")
        }
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        func bytes(_ object: JSONValue, _ name: String) throws -> [UInt8]? {
            if let text = object["\(name)-data"]?.stringValue {
                guard let data = Base64Data(base64: text) else { throw wrong("\(name)-data is no base64") }
                return data.bytes
            }
            guard let file = object[name]?.stringValue else { return nil }
            return try Files.read(file.hasPrefix("/") || folder.isEmpty ? file : "\(folder)/\(file)")
        }
        guard let server = cluster["server"]?.stringValue, let (host, port) = endpoint(server) else {
            throw wrong("the cluster's server must be https://HOST:PORT")
        }
        guard let authority = try bytes(cluster, "certificate-authority") else {
            throw wrong("the cluster has no certificate-authority: whom to trust is not known")
        }
        var address = ServerAddress(host: host, port: port, certificateAuthority: authority)
        if let chain = try bytes(user, "client-certificate"), let key = try bytes(user, "client-key") {
            address.clientCertificate = .init(chain: chain, key: key)
        }
        let transport = try HTTPSTransport(address, token: token(of: user))
        return Access(
            client: Client(transport: transport, userAgent: userAgent), address: address, transport: transport,
            userName: context["user"]?.stringValue ?? "")
    }

    /// A token in a file is read for each request: it is renewed there.
    private static func token(of user: JSONValue) -> @Sendable () -> String? {
        if let file = user["tokenFile"]?.stringValue {
            return {
                let text = (try? Files.readText(file, limit: maxBytes)) ?? ""
                return text.split(whereSeparator: \.isWhitespace).first.map(String.init)
            }
        }
        let token = user["token"]?.stringValue
        return { token }
    }

    private static func read(_ path: String) throws -> JSONValue {
        let bytes: [UInt8]
        do { bytes = try Files.read(path) } catch { throw UsageError("kubeconfig: \(error)") }
        do {
            guard let document = try YAMLDocument.documents(parsing: bytes).first else {
                throw UsageError("kubeconfig \(path): it is empty")
            }
            return document.json
        } catch let error as YAMLError {
            throw UsageError("kubeconfig \(path): \(error)")
        }
    }

    private static func entry(_ name: String?, of list: String, _ json: JSONValue) -> JSONValue? {
        json[list]?.arrayValue?.first { $0["name"]?.stringValue == name }
    }

    /// `https://127.0.0.1:6443`, `https://[::1]:6443`, `https://host` (port 443).
    static func endpoint(_ url: String) -> (host: String, port: Int)? {
        guard url.hasPrefix("https://") else { return nil }
        var rest = url.dropFirst("https://".count)
        if let slash = rest.firstIndex(of: "/") { rest = rest[..<slash] }
        guard !rest.isEmpty else { return nil }
        guard let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]") else { return (unbracketed(rest), 443) }
        guard let port = Int(rest[rest.index(after: colon)...]), (1...65535).contains(port) else { return nil }
        return (unbracketed(rest[..<colon]), port)
    }

    private static func unbracketed(_ host: Substring) -> String { String(host.filter { $0 != "[" && $0 != "]" }) }
}
