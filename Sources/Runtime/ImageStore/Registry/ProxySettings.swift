internal import HTTPClient

/// Proxies for requests that leave this machine, from the environment: `HTTPS_PROXY`, `NO_PROXY` and their
/// lower-case forms. Plain HTTP goes without one.
package struct ProxySettings: Sendable, Hashable {
    package var httpsProxy: String?
    /// Hosts that are asked without a proxy: `*`, `example.com` with all below it, `.example.com`, `10.0.0.0/8`, `host:port`.
    package var noProxy: [String] = []

    package init() {}

    /// - Parameter environment: Looks up a variable.
    package init(environment: (String) -> String?) {
        func value(_ name: String) -> String? { [name, name.lowercased()].compactMap(environment).first { !$0.isEmpty } }
        httpsProxy = value("HTTPS_PROXY")
        noProxy = (value("NO_PROXY") ?? "").split { $0 == "," || $0 == " " }.map { $0.lowercased() }
    }

    /// The proxy for a URL. Never for this machine itself, as Go's `ProxyFromEnvironment` has it.
    func proxy(for url: HTTPURL) -> Proxy? {
        guard url.isSecure, !url.host.isLoopback, !isExempt(url) else { return nil }
        return httpsProxy.flatMap { Proxy($0) }
    }

    private func isExempt(_ url: HTTPURL) -> Bool {
        let host = url.host.lowercased()
        return noProxy.contains { entry in
            if entry == "*" || entry == host || entry == "\(host):\(url.port)" { return true }
            if let network = IPv4Network(entry), let address = IPv4Network.address(host) { return network.contains(address) }
            let suffix = entry.hasPrefix("*.") ? entry.dropFirst(2) : entry.hasPrefix(".") ? entry.dropFirst() : Substring(entry)
            return host.hasSuffix(".\(suffix)")
        }
    }
}

/// `10.0.0.0/8`.
private struct IPv4Network {
    var base: UInt32
    var bits: UInt32

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let base = Self.address(String(parts[0])), let bits = UInt32(parts[1]), bits <= 32 else { return nil }
        self.base = base
        self.bits = bits
    }

    func contains(_ address: UInt32) -> Bool { bits == 0 || (address ^ base) >> (32 - bits) == 0 }

    static func address(_ text: String) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard let byte = UInt8(part) else { return nil }
            address = address << 8 | UInt32(byte)
        }
        return address
    }
}

extension String {
    /// Whether a host's name or address is this machine itself.
    var isLoopback: Bool {
        let name = lowercased()
        return name == "localhost" || name.hasSuffix(".localhost") || name == "::1"
            || name.hasPrefix("127.") && name.split(separator: ".").count == 4
                && name.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
