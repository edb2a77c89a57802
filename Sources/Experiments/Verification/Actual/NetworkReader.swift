internal import Glibc
internal import LinuxSystem
internal import Netlink

/// What only a thread inside a pod's namespaces sees: hostname, sysctls, links, addresses, routes.
enum NetworkReader {
    static func read(pid: Int32, sysctls: [String], into findings: inout Findings) {
        do {
            findings.merge(try inside(pid, sysctls))
        } catch {
            for path in ["pod/hostname", "pod/network/addresses"] + sysctls.map({ "pod/sysctls[\($0)]" }) {
                findings.fail(path, error, at: "namespaces of process \(pid)")
            }
        }
    }

    private static func inside(_ pid: Int32, _ sysctls: [String]) throws -> Findings {
        let process = try OwnedFD.process(pid)
        return try withDedicatedThread {
            try ThreadNamespaces.join(process, [.network, .uts, .ipc])
            var findings = Findings()
            readNames(&findings)
            for name in sysctls { readSysctl(name, &findings) }
            try readNetwork(&findings)
            return findings
        }
    }

    private static func readNames(_ findings: inout Findings) {
        var name = utsname()
        guard unsafe uname(&name) == 0 else { return }
        func text<Field>(_ field: Field) -> String {
            unsafe withUnsafeBytes(of: field) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        findings.set("pod/hostname", text(name.nodename), at: "uname(2) in the pod")
    }

    private static func readSysctl(_ name: String, _ findings: inout Findings) {
        let place = "/proc/sys/\(name)"
        do {
            let text = try Files.readText(place)
            findings.set(
                "pod/sysctls[\(name)]", text.split(whereSeparator: \.isWhitespace).joined(separator: " "), at: "\(place) in the pod")
        } catch {
            findings.fail("pod/sysctls[\(name)]", error, at: place)
        }
    }

    private static func readNetwork(_ findings: inout Findings) throws {
        var socket = try NetlinkSocket()
        let place = "rtnetlink(7) in the pod"
        let links = try socket.links()
        var names: [UInt32: String] = [:]
        for link in links {
            names[link.index] = link.name
            findings.set("pod/network/links[\(link.name)]", link.isUp ? "up" : "down", at: place)
            findings.set("pod/network/mtu[\(link.name)]", "\(link.mtu)", at: place)
        }
        findings.set("pod/network/links", list: links.map(\.name), at: place)
        let loopbacks = Set(links.filter(\.isLoopback).map(\.index))
        let addresses = try socket.addresses().filter { !loopbacks.contains($0.linkIndex) && !$0.prefix.address.isLinkLocal }
        findings.set("pod/network/addresses", list: addresses.map { "\($0.prefix.address)" }, at: place)
        for family in [IPAddress.Family.v4, .v6] {
            let route = try socket.routes(family).first(where: \.isDefault)
            let path = "pod/network/defaultRoute[IPv\(family == .v4 ? 4 : 6)]"
            guard let route else {
                findings[path] = Finding(.absent, at: place)
                continue
            }
            let link = route.linkIndex.flatMap { names[$0] } ?? "unknown"
            findings.set(path, "via \(route.gateway.map { "\($0)" } ?? "the link") dev \(link)", at: place)
        }
    }
}
