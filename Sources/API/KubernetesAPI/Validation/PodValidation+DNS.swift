internal import APIMachinery

extension Validator {
    static let nameserversMax = 3
    static let searchesMax = 32
    static let searchesMaxBytes = 2048

    mutating func podDNS(_ spec: PodSpec, _ path: FieldPath) {
        oneOf(
            spec.dnsPolicy, ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"], path.child("dnsPolicy"))
        if spec.dnsPolicy == "None" {
            guard let config = spec.dnsConfig else {
                return report(
                    .required(path.child("dnsConfig"), "must provide `dnsConfig` when `dnsPolicy` is None"))
            }
            if config.nameservers.isEmpty {
                report(
                    .required(
                        path.child("dnsConfig", "nameservers"),
                        "must provide at least one DNS nameserver when `dnsPolicy` is None"))
            }
        }
        if let config = spec.dnsConfig { dnsConfig(config, path.child("dnsConfig")) }
    }

    private mutating func dnsConfig(_ config: PodDNSConfig, _ path: FieldPath) {
        if config.nameservers.count > Self.nameserversMax {
            report(
                .invalid(
                    path.child("nameservers"), config.nameservers.json,
                    "must not have more than \(Self.nameserversMax) nameservers"))
        }
        for (index, server) in config.nameservers.enumerated() {
            invalid(path.child("nameservers").index(index), server, NameValidation.ipAddress(server))
        }
        if config.searches.count > Self.searchesMax {
            report(
                .invalid(
                    path.child("searches"), config.searches.json,
                    "must not have more than \(Self.searchesMax) search paths"))
        }
        if config.searches.joined(separator: " ").utf8.count > Self.searchesMaxBytes {
            report(
                .invalid(
                    path.child("searches"), config.searches.json,
                    "must not have more than \(Self.searchesMaxBytes) characters (including spaces) in the search list"))
        }
        for (index, search) in config.searches.enumerated() {
            searchPath(search, path.child("searches").index(index))
        }
        for (index, option) in config.options.enumerated() where option.name == nil {
            report(.required(path.child("options").index(index), "must not be empty"))
        }
    }

    /// A DNS subdomain in which labels may begin with an underscore, with a dot at the end or not; `.` is the root.
    private mutating func searchPath(_ search: String, _ path: FieldPath) {
        if search == "." { return }
        let name = search.hasSuffix(".") ? String(search.dropLast()) : search
        let withoutUnderscores = name.split(separator: ".", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("_") ? $0.dropFirst() : $0 }.joined(separator: ".")
        let plain = String(withoutUnderscores.map { $0 == "_" ? "-" : $0 })
        if !NameValidation.dns1123Subdomain(plain).isEmpty {
            invalid(path, name, NameValidation.dns1123Subdomain(name))
        }
    }
}
