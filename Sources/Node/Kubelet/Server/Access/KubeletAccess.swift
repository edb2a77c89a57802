internal import APIMachinery
internal import HTTPServer
internal import KubernetesAPI
internal import KubernetesClient

/// Who may ask the node agent for what: the API server decides, by reviews. Its answers are kept for a short while.
struct KubeletAccess: Sendable {
    struct User: Hashable, Sendable {
        var name: String
        var uid = ""
        var groups: [String] = []
        var extra: [String: [String]] = [:]
    }

    let nodeName: String
    let client: Client
    let clock: any TimeSource
    private let users = ExpiringCache<String, User>(countMax: 1024)
    private let decisions = ExpiringCache<Question, Bool>(countMax: 4096)

    private struct Question: Hashable {
        var user: User
        var verb: String
        var subresource: String
    }

    private static let userLifetime = Duration.seconds(60)
    private static let decisionLifetime = Duration.seconds(10)

    init(nodeName: String, client: Client, clock: any TimeSource) {
        self.nodeName = nodeName
        self.client = client
        self.clock = clock
    }

    /// - Throws: 401, 403, or 500 when nobody can be asked.
    func check(_ request: APIRequest, from peer: Peer) async throws(KubeletRefusal) {
        let user = try await authenticate(request, peer)
        let attributes = NodeAttributes(method: request.method, path: request.path)
        for subresource in attributes.subresources where try await isAllowed(user, attributes.verb, subresource) { return }
        throw KubeletRefusal(
            403,
            "Forbidden (user=\(user.name), verb=\(attributes.verb), resource=nodes, subresource(s)=[\(attributes.subresources.joined(separator: " "))])"
        )
    }

    // MARK: who

    private func authenticate(_ request: APIRequest, _ peer: Peer) async throws(KubeletRefusal) -> User {
        if let certificate = peer.certificate, let holder = CertificateHolder(der: certificate), !holder.name.isEmpty,
            // The handshake looked at it; a connection may outlive it.
            clock.wallTime.seconds <= holder.validUntil
        {
            return User(name: holder.name, groups: holder.groups + ["system:authenticated"])
        }
        guard let token = Self.bearerToken(request) else { throw KubeletRefusal(401, "Unauthorized") }
        if let known = users.value(of: token, at: clock.now) { return known }
        guard let user = try await review(token) else { throw KubeletRefusal(401, "Unauthorized") }
        users.set(user, for: token, until: clock.now + Self.userLifetime)
        return user
    }

    private static func bearerToken(_ request: APIRequest) -> String? {
        let parts = (request.headers["Authorization"] ?? "").split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }

    /// - Returns: nil for a token that is nobody's.
    private func review(_ token: String) async throws(KubeletRefusal) -> User? {
        let answer = try await ask(
            "/apis/authentication.k8s.io/v1/tokenreviews",
            ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": ["token": .string(token)]])
        guard answer["status"]?["authenticated"]?.boolValue == true, let info = answer["status"]?["user"] else { return nil }
        var user = User(name: info["username"]?.stringValue ?? "", uid: info["uid"]?.stringValue ?? "")
        user.groups = Self.strings(info["groups"])
        for member in info["extra"]?.objectValue?.members ?? [] { user.extra[member.key] = Self.strings(member.value) }
        if !user.groups.contains("system:authenticated") { user.groups.append("system:authenticated") }
        return user.name.isEmpty ? nil : user
    }

    // MARK: what

    private func isAllowed(_ user: User, _ verb: String, _ subresource: String) async throws(KubeletRefusal) -> Bool {
        let question = Question(user: user, verb: verb, subresource: subresource)
        if let known = decisions.value(of: question, at: clock.now) { return known }
        var spec: JSONObject = [
            "resourceAttributes": [
                "verb": .string(verb), "version": "v1", "resource": "nodes", "subresource": .string(subresource), "name": .string(nodeName),
            ],
            "user": .string(user.name), "groups": .array(user.groups.map { .string($0) }),
        ]
        if !user.uid.isEmpty { spec.append("uid", .string(user.uid)) }
        if !user.extra.isEmpty {
            let members = user.extra.sorted { $0.key < $1.key }.map {
                JSONObject.Member(key: $0.key, value: .array($0.value.map { .string($0) }))
            }
            spec.append("extra", .object(JSONObject(members: members)))
        }
        let answer = try await ask(
            "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            ["apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": .object(spec)])
        let isAllowed = answer["status"]?["allowed"]?.boolValue == true
        decisions.set(isAllowed, for: question, until: clock.now + Self.decisionLifetime)
        return isAllowed
    }

    private func ask(_ path: String, _ object: JSONObject) async throws(KubeletRefusal) -> JSONValue {
        let request = APIRequest(
            method: "POST", path: path, headers: ["Content-Type": "application/json"], body: JSONValue.object(object).serialized())
        do throws(ClientError) { return try await client.object(request) } catch {
            throw KubeletRefusal(500, "Internal Server Error: ask the API server who may do this: \(error)")
        }
    }

    private static func strings(_ value: JSONValue?) -> [String] { (value?.arrayValue ?? []).compactMap(\.stringValue) }
}
