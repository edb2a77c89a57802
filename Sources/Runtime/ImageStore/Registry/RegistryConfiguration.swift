import APIMachinery

/// How registries are reached, by the host that stands in image names.
package struct RegistryConfiguration: Sendable, Hashable {
    /// One registry, or what holds for all that have no entry.
    package struct Registry: Sendable, Hashable {
        /// Asked before the registry itself, in this order: `https://mirror.example.com/path`.
        package var mirrors: [String] = []
        /// HTTP without TLS. nil: only on the loopback, where no certificate authority is named.
        package var plainHTTP: Bool?
        /// Certificates in PEM that may sign the registry's, beside nothing else. nil: what the machine trusts.
        package var certificateAuthority: [UInt8]?
        /// The registry's certificate is not checked.
        package var skipVerify = false
        /// In PEM.
        package var clientCertificate: [UInt8]?
        package var clientKey: [UInt8]?
        package init() {}
    }

    /// By `host` or `host:port` as in image names.
    package var registries: [String: Registry] = [:]
    /// For hosts that are not in `registries`.
    package var others = Registry()
    /// Layers that are fetched at once for all pulls together.
    package var maxParallelDownloads = 6
    /// How long a registry may send nothing before a connection counts as broken.
    package var stallTimeout = Duration.seconds(30)
    /// How often a blob is asked for again without a byte of progress.
    package var maxAttempts = 5
    /// Before the first of these; each one doubles it.
    package var retryDelay = Duration.milliseconds(250)
    package var proxies = ProxySettings()

    package init() {}

    package func registry(_ host: String) -> Registry { registries[host] ?? others }
}

extension RegistryConfiguration {
    /// Reads YAML or JSON:
    ///
    ///     registries:
    ///     - host: docker.io            # as in image names; "*": all others
    ///       mirrors: [https://mirror.example.com]
    ///     - host: registry.example.com:5000
    ///       certificateAuthority: /etc/swiftlet/ca.pem
    ///     - host: 10.0.0.5:5000
    ///       plainHTTP: true
    ///
    /// - Parameter readFile: Gives the bytes of a file that an entry names.
    /// - Throws: `.invalid` with the path of what is wrong. Unknown fields are wrong.
    package init(parsing bytes: [UInt8], readFile: (String) throws(ImageError) -> [UInt8]) throws(ImageError) {
        let documents: [YAMLDocument]
        do { documents = try YAMLDocument.documents(parsing: bytes) } catch {
            throw ImageError(.invalid, "registry configuration", cause: error)
        }
        guard documents.count == 1, let document = documents.first else {
            throw .invalid("registry configuration: one document expected, found \(documents.count)")
        }
        do throws(ImageError) {
            let root = MetadataField(document.json, name: "registry configuration")
            try root.allow(only: ["registries"])
            for field in try root.required("registries").elements { try add(field, readFile) }
        } catch { throw ImageError(.invalid, error.operation, cause: error.cause) }
    }

    private mutating func add(_ field: MetadataField, _ readFile: (String) throws(ImageError) -> [UInt8]) throws(ImageError) {
        try field.allow(only: [
            "host", "mirrors", "plainHTTP", "certificateAuthority", "skipVerify", "clientCertificate", "clientKey",
        ])
        let host = try field.required("host")
        let name = try host.string
        guard name == "*" || ImageName.isDomain(name) else {
            throw .invalid("\(host.path): \(quoted(name)) is no host, host:port or \"*\"")
        }
        guard registries[name] == nil else { throw .invalid("\(host.path): \(quoted(name)) stands here twice") }
        var registry = Registry()
        registry.mirrors = try field.strings("mirrors") ?? []
        for mirror in registry.mirrors where RegistryEndpoint.mirrorURL(mirror) == nil {
            throw .invalid("\(field.path).mirrors: \(quoted(mirror)) is no URL like https://mirror.example.com")
        }
        registry.plainHTTP = try field.member("plainHTTP")?.bool
        registry.skipVerify = try field.member("skipVerify")?.bool ?? false
        registry.certificateAuthority = try field.string("certificateAuthority").map(readFile)
        registry.clientCertificate = try field.string("clientCertificate").map(readFile)
        registry.clientKey = try field.string("clientKey").map(readFile)
        guard (registry.clientCertificate == nil) == (registry.clientKey == nil) else {
            throw .invalid("\(field.path): clientCertificate and clientKey need each other")
        }
        if name == "*" { others = registry } else { registries[name] = registry }
    }
}

extension MetadataField {
    fileprivate func allow(only known: Set<String>) throws(ImageError) {
        for key in try keys where !known.contains(key) { throw .invalid("\(path).\(key): unknown field") }
    }
}
