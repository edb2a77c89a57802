/// Text of the `/etc/hosts` that a pod's containers see.
package enum HostsFile {
    package struct Alias: Sendable, Hashable {
        package var ip: String
        package var names: [String]
        package init(ip: String, names: [String]) {
            self.ip = ip
            self.names = names
        }
    }

    private static let header = "# Kubernetes-managed hosts file.\n"
    private static let hostNetworkHeader = "# Kubernetes-managed hosts file (host network).\n"
    private static let localLines = """
        127.0.0.1\tlocalhost
        ::1\tlocalhost ip6-localhost ip6-loopback
        fe00::0\tip6-localnet
        fe00::0\tip6-mcastprefix
        fe00::1\tip6-allnodes
        fe00::2\tip6-allrouters

        """

    /// - Parameter domain: Empty, or what stands after the host name in its full name.
    package static func podNetwork(ips: [String], hostname: String, domain: String, aliases: [Alias]) -> String {
        var text = header + localLines
        for ip in ips {
            text += domain.isEmpty ? "\(ip)\t\(hostname)\n" : "\(ip)\t\(hostname).\(domain)\t\(hostname)\n"
        }
        return text + lines(aliases)
    }

    /// - Parameter nodeFile: Content of the node's own file.
    package static func hostNetwork(nodeFile: String, aliases: [Alias]) -> String {
        hostNetworkHeader + nodeFile + lines(aliases)
    }

    private static func lines(_ aliases: [Alias]) -> String {
        if aliases.isEmpty { return "" }
        var text = "\n# Entries added by HostAliases.\n"
        for alias in aliases { text += ([alias.ip] + alias.names).joined(separator: "\t") + "\n" }
        return text
    }
}
