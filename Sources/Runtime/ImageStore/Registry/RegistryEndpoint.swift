internal import HTTPClient

/// One server that may have an image: the registry itself or a mirror of it.
struct RegistryEndpoint: Hashable, Sendable {
    /// Where its API begins: `https://host/v2/`, for a mirror perhaps with a path before.
    var base: HTTPURL
    /// The host whose settings hold here, as it stands in the configuration.
    var host: String
    /// The registry that it stands for; nil for the registry itself.
    var mirrorOf: String?

    /// Where to look for images of a domain, in this order.
    static func all(for domain: String, _ configuration: RegistryConfiguration) -> [RegistryEndpoint] {
        let mirrors = configuration.registry(domain).mirrors.compactMap { text -> RegistryEndpoint? in
            guard var url = mirrorURL(text) else { return nil }
            let prefix = url.target.hasSuffix("/") ? String(url.target.dropLast()) : url.target
            url.target = "\(prefix)/v2/"
            return RegistryEndpoint(base: url, host: url.authority, mirrorOf: domain)
        }
        return mirrors + [upstream(of: domain, configuration)]
    }

    /// The registry itself.
    static func upstream(of domain: String, _ configuration: RegistryConfiguration) -> RegistryEndpoint {
        // The name in images and the server differ, for historical reasons.
        let authority = domain == "docker.io" ? "registry-1.docker.io" : domain
        let guess = HTTPURL("https://\(authority)/v2/") ?? HTTPURL(isSecure: true, host: authority, target: "/v2/")
        let settings = configuration.registry(domain)
        let isPlain = settings.plainHTTP ?? (guess.host.isLoopback && settings.certificateAuthority == nil && !authority.hasSuffix(":443"))
        let base = isPlain ? HTTPURL("http://\(authority)/v2/") ?? guess : guess
        return RegistryEndpoint(base: base, host: domain, mirrorOf: nil)
    }

    static func mirrorURL(_ text: String) -> HTTPURL? {
        guard let url = HTTPURL(text), !url.target.contains("?") else { return nil }
        return url
    }

    /// `https://host/v2/library/busybox/manifests/latest`.
    ///
    /// - Parameter path: Behind the repository's name: `manifests/latest`.
    func url(_ repository: String, _ path: String) -> HTTPURL {
        var url = base
        // A mirror of several registries has to be told which one is meant, as containerd does it.
        url.target += "\(repository)/\(path)" + (mirrorOf.map { "?ns=\($0)" } ?? "")
        return url
    }
}
