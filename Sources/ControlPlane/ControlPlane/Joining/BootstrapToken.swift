internal import APIMachinery

/// With what a new node shows that it may join: `ID.SECRET`, and perhaps the hash by which it knows the server: `ID.SECRET@sha256:HEX`.
package struct BootstrapToken: Hashable, Sendable {
    package let id: String
    package let secret: String
    /// `sha256:HEX`, see ``AuthorityHash``.
    package let authorityHash: String?

    /// What the API server takes.
    package var text: String { "\(id).\(secret)" }
    package var secretName: String { "bootstrap-token-\(id)" }

    /// A new one that nobody can guess: 80 bits in the secret.
    package static func random() -> BootstrapToken {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        var generator = SystemRandomNumberGenerator()
        func text(_ count: Int) -> String {
            String((0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] })
        }
        return BootstrapToken(id: text(6), secret: text(16), authorityHash: nil)
    }

    private init(id: String, secret: String, authorityHash: String?) {
        (self.id, self.secret, self.authorityHash) = (id, secret, authorityHash)
    }

    /// nil for what is no token, or has a hash that is none.
    package init?(_ text: String) {
        let halves = text.split(separator: "@", omittingEmptySubsequences: false)
        let parts = halves[0].split(separator: ".", omittingEmptySubsequences: false)
        guard halves.count <= 2, parts.count == 2, parts[0].utf8.count == 6, parts[1].utf8.count == 16,
            parts.joined().utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) })
        else { return nil }
        if halves.count == 2, !AuthorityHash.isOne(String(halves[1])) { return nil }
        (id, secret) = (String(parts[0]), String(parts[1]))
        authorityHash = halves.count == 2 ? String(halves[1]) : nil
    }

    /// The Secret that makes it hold, as kubeadm has it.
    ///
    /// - Parameter expiration: RFC 3339; nil: it holds until it is deleted.
    package func secretData(expiration: String?, description: String) -> [String: String] {
        var data = [
            "token-id": id, "token-secret": secret, "usage-bootstrap-authentication": "true", "usage-bootstrap-signing": "true",
            "description": description,
        ]
        data["expiration"] = expiration
        return data
    }

    package static let secretType = "bootstrap.kubernetes.io/token"

    /// The same before anything is served.
    func object() -> BootstrapObject {
        var object = BootstrapObject(group: "", kind: "Secret", path: "kube-system/\(secretName)"[...])
        object.object["type"] = .string(Self.secretType)
        let data = secretData(expiration: nil, description: "given at the server's start")
        object.object["data"] = .object(
            JSONObject(
                members: data.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string(Base64Data(Array($0.value.utf8)).base64)) }
            ))
        return object
    }
}
