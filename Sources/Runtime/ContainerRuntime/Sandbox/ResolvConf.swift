package import CRI

extension DNSConfig {
    /// The text of resolv.conf(5), as containerd's CRI plugin writes it.
    package var resolvConf: String {
        var lines: [String] = []
        if !searches.isEmpty { lines.append("search \(searches.joined(separator: " "))") }
        lines += servers.map { "nameserver \($0)" }
        if !options.isEmpty { lines.append("options \(options.joined(separator: " "))") }
        return lines.map { $0 + "\n" }.joined()
    }
}
