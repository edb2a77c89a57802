internal import APIMachinery
package import CRI

/// Credentials by the registries that they are for, with the rules of the kubelet's keyring: the most specific entry first, wildcards
/// in host names, several for one registry in the order in which they came.
package struct DockerKeyring: Sendable {
    private struct Entry: Sendable {
        /// `registry.example.com/team`, as it is sorted and matched.
        var key: String
        var credentials: [AuthConfig]
    }
    private var entries: [Entry] = []

    package init() {}

    /// What may open an image's registry, to be tried in this order.
    ///
    /// - Parameter repository: Host and path: `docker.io/library/busybox`.
    package func credentials(for repository: String) -> [AuthConfig] {
        let matching = entries.filter { RegistryPattern($0.key)?.matches(repository) ?? false }
        if !matching.isEmpty { return matching.flatMap(\.credentials) }
        guard Self.isOfDefaultRegistry(repository) else { return [] }
        return entries.first { $0.key == Self.defaultRegistry }?.credentials ?? []
    }

    /// Docker Hub's name in files of credentials, where it is not docker.io.
    private static let defaultRegistry = "index.docker.io"

    private static func isOfDefaultRegistry(_ repository: String) -> Bool {
        let parts = repository.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty else { return false }
        if parts.count == 1 || host == "docker.io" || host == defaultRegistry { return true }
        return !host.contains(".") && !host.contains(":")
    }

    /// - Parameter server: A key of a file of credentials: `https://index.docker.io/v1/`, `registry.example.com:5000/team`.
    package mutating func add(_ credential: AuthConfig, for server: String) {
        guard let key = RegistryPattern.key(of: server) else { return }
        var credential = credential
        credential.serverAddress = server
        if let index = entries.firstIndex(where: { $0.key == key }) {
            entries[index].credentials.append(credential)
        } else {
            entries.append(Entry(key: key, credentials: [credential]))
            entries.sort { $0.key > $1.key }
        }
    }
}

// MARK: Files

extension DockerKeyring {
    /// Why a file or Secret of credentials can't be read. Holds nothing of its content.
    package struct FormatError: Error, CustomStringConvertible {
        package var description: String
    }

    /// Adds what docker's `config.json` has, the content of Secrets of type kubernetes.io/dockerconfigjson: `{"auths": {HOST: {"auth": …}}}`.
    package mutating func add(dockerConfigJSON bytes: [UInt8]) throws(FormatError) {
        guard let document = try? JSONValue(parsing: bytes), document.objectValue != nil else {
            throw FormatError(description: "it is no JSON object")
        }
        guard let auths = document["auths"], !auths.isNull else { return }
        try add(auths)
    }

    /// Adds what the older `.dockercfg` has, the content of Secrets of type kubernetes.io/dockercfg: the entries without `auths` around them.
    package mutating func add(dockercfg bytes: [UInt8]) throws(FormatError) {
        guard let document = try? JSONValue(parsing: bytes) else { throw FormatError(description: "it is no JSON") }
        try add(document)
    }

    private mutating func add(_ auths: JSONValue) throws(FormatError) {
        guard let object = auths.objectValue else { throw FormatError(description: "the registries are no JSON object") }
        for server in object.keys.sorted() {
            guard let entry = object[server], entry.objectValue != nil else { throw FormatError(description: "an entry is no JSON object") }
            add(try Self.credential(entry), for: server)
        }
    }

    private static func credential(_ entry: JSONValue) throws(FormatError) -> AuthConfig {
        var credential = AuthConfig()
        credential.username = entry["username"]?.stringValue ?? ""
        credential.password = entry["password"]?.stringValue ?? ""
        credential.identityToken = entry["identitytoken"]?.stringValue ?? ""
        credential.registryToken = entry["registrytoken"]?.stringValue ?? ""
        guard let auth = entry["auth"]?.stringValue, !auth.isEmpty else { return credential }
        let padding = auth.hasSuffix("=") ? "" : String(repeating: "=", count: (4 - auth.utf8.count % 4) % 4)
        guard let decoded = Base64Data(base64: auth + padding), let colon = decoded.bytes.firstIndex(of: UInt8(ascii: ":")) else {
            throw FormatError(description: "unable to parse auth field, must be formatted as base64(username:password)")
        }
        credential.username = String(decoding: decoded.bytes[..<colon], as: UTF8.self)
        credential.password = String(decoding: decoded.bytes[(colon + 1)...], as: UTF8.self)
        return credential
    }
}
