/// Host and domain name of a pod.
package struct PodHostname: Sendable, Hashable {
    /// What gethostname(2) gives in the containers.
    package var hostname: String
    /// Empty, or `<subdomain>.<namespace>.svc.<cluster domain>`.
    package var domain: String
    /// The name alone; with setHostnameAsFQDN `hostname` has the domain too.
    package var shortName: String

    package struct Settings: Sendable {
        package var podName = ""
        package var namespace = ""
        package var hostname = ""
        package var hostnameOverride = ""
        package var subdomain = ""
        package var setHostnameAsFQDN = false
        package var hostNetwork = false
        package init() {}
    }

    package struct TooLong: Error, CustomStringConvertible {
        let name: String
        package var description: String {
            "failed to construct FQDN from pod hostname and cluster domain, FQDN \(name) is too long "
                + "(64 characters is the max, \(name.utf8.count) characters requested)"
        }
    }

    /// A DNS label.
    private static let maxHostnameCharacters = 63
    /// `HOST_NAME_MAX` of Linux.
    private static let maxFQDNCharacters = 64

    package init(_ pod: Settings, nodeName: String, clusterDomain: String) throws(TooLong) {
        if pod.hostNetwork, pod.hostnameOverride.isEmpty {
            (hostname, domain, shortName) = (nodeName, "", nodeName)
            return
        }
        if !pod.hostnameOverride.isEmpty {
            (hostname, domain, shortName) = (pod.hostnameOverride, "", pod.hostnameOverride)
            return
        }
        shortName = Self.cut(pod.hostname.isEmpty ? pod.podName : pod.hostname)
        domain = pod.subdomain.isEmpty ? "" : "\(pod.subdomain).\(pod.namespace).svc.\(clusterDomain)"
        hostname = shortName
        if pod.setHostnameAsFQDN, !domain.isEmpty {
            hostname = "\(shortName).\(domain)"
            if hostname.utf8.count > Self.maxFQDNCharacters { throw TooLong(name: hostname) }
        }
    }

    private static func cut(_ name: String) -> String {
        guard name.utf8.count > maxHostnameCharacters else { return name }
        var bytes = Array(name.utf8.prefix(maxHostnameCharacters))
        while let last = bytes.last, last == UInt8(ascii: "-") || last == UInt8(ascii: ".") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
