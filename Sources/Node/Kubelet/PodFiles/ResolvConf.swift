package import CRI

/// The node's resolver configuration, as resolv.conf(5) has it.
package struct ResolvConf: Sendable, Hashable {
    package var nameservers: [String] = []
    package var searches: [String] = []
    package var options: [String] = []

    package init() {}

    package init(parsing text: String) {
        for line in text.split(separator: "\n") {
            let trimmed = line.drop { $0 == " " || $0 == "\t" }
            if trimmed.first == "#" || trimmed.first == ";" { continue }
            let words = trimmed.split { $0 == " " || $0 == "\t" }.map(String.init)
            guard let keyword = words.first else { continue }
            switch keyword {
            case "nameserver": if words.count > 1 { nameservers.append(words[1]) }
            // The last search line wins. A trailing dot says nothing, except alone.
            case "search": searches = words.dropFirst().map { $0 == "." ? $0 : $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
            case "options": options += words.dropFirst()
            default: break
            }
        }
    }
}

/// Where a pod's names are resolved.
package enum PodDNS {
    package enum Policy: String, Sendable {
        case clusterFirst = "ClusterFirst", clusterFirstWithHostNet = "ClusterFirstWithHostNet", `default` = "Default", none = "None"
    }

    package struct Settings: Sendable {
        package var policy = Policy.clusterFirst
        package var hostNetwork = false
        package var namespace = ""
        /// `spec.dnsConfig`; options as `name` or `name:value`.
        package var extra = ResolvConf()
        package init() {}
    }

    package struct Cluster: Sendable {
        /// Addresses of the cluster's DNS; empty when it has none.
        package var nameservers: [String] = []
        package var domain = ""
        /// A node without a cluster resolves as the machine does, and nobody misses anything.
        package var isMissed = true
        package init() {}
    }

    /// Something was left out; the text is an event's message.
    package struct Warning: Sendable, Hashable {
        package let reason: String
        package let message: String
    }

    private static let maxNameservers = 3
    private static let maxSearches = 32
    private static let maxSearchCharacters = 2_048
    private static let maxDomainCharacters = 253

    package static func config(_ pod: Settings, node: ResolvConf, cluster: Cluster, podName: String) -> (DNSConfig, [Warning]) {
        var warnings: [Warning] = []
        var resolver = base(pod, node, cluster, podName, &warnings)
        resolver.nameservers += pod.extra.nameservers
        resolver.searches += pod.extra.searches
        resolver.options = merge(resolver.options, pod.extra.options)
        resolver.nameservers = limitNameservers(resolver.nameservers.withoutDuplicates, &warnings)
        resolver.searches = limitSearches(resolver.searches.withoutDuplicates, &warnings)
        var config = DNSConfig()
        config.servers = resolver.nameservers
        config.searches = resolver.searches
        config.options = resolver.options
        return (config, warnings)
    }

    private static func base(
        _ pod: Settings, _ node: ResolvConf, _ cluster: Cluster, _ podName: String, _ warnings: inout [Warning]
    ) -> ResolvConf {
        switch pod.policy {
        case .none: return ResolvConf()
        case .default: return node
        case .clusterFirst where pod.hostNetwork: return node
        case .clusterFirst, .clusterFirstWithHostNet:
            guard !cluster.nameservers.isEmpty else {
                guard cluster.isMissed else { return node }
                warnings.append(
                    Warning(
                        reason: "MissingClusterDNS",
                        message: "pod: \"\(podName)\". kubelet does not have ClusterDNS IP configured and cannot create Pod using "
                            + "\"ClusterFirst\" policy. Falling back to \"Default\" policy."))
                return node
            }
            var resolver = ResolvConf()
            resolver.nameservers = cluster.nameservers
            resolver.searches = node.searches
            if !cluster.domain.isEmpty {
                resolver.searches = ["\(pod.namespace).svc.\(cluster.domain)", "svc.\(cluster.domain)", cluster.domain] + node.searches
            }
            resolver.options = ["ndots:5"]
            return resolver
        }
    }

    /// Options by name; a later value wins, the place stays.
    private static func merge(_ first: [String], _ second: [String]) -> [String] {
        func name(_ option: String) -> Substring { option.prefix { $0 != ":" } }
        var merged: [String] = []
        for option in first + second {
            if let index = merged.firstIndex(where: { name($0) == name(option) }) { merged[index] = option } else { merged.append(option) }
        }
        return merged
    }

    private static func limitNameservers(_ servers: [String], _ warnings: inout [Warning]) -> [String] {
        guard servers.count > maxNameservers else { return servers }
        let kept = Array(servers.prefix(maxNameservers))
        warnings.append(
            Warning(
                reason: "DNSConfigForming",
                message: "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: "
                    + kept.joined(separator: " ")))
        return kept
    }

    private static func limitSearches(_ searches: [String], _ warnings: inout [Warning]) -> [String] {
        var kept: [String] = []
        var characters = 0
        for search in searches.prefix(maxSearches) where search.utf8.count <= maxDomainCharacters {
            let more = search.utf8.count + (kept.isEmpty ? 0 : 1)
            if characters + more > maxSearchCharacters { break }
            characters += more
            kept.append(search)
        }
        if kept.count < searches.count {
            warnings.append(
                Warning(
                    reason: "DNSConfigForming",
                    message: "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: "
                        + kept.joined(separator: " ")))
        }
        return kept
    }
}

extension Array where Element: Hashable {
    /// Each element once, at its first place.
    var withoutDuplicates: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
