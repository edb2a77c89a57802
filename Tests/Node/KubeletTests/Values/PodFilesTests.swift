import CRI
import Testing

@testable import Kubelet

@Suite struct PodFilesTests {
    private let local = """
        127.0.0.1\tlocalhost
        ::1\tlocalhost ip6-localhost ip6-loopback
        fe00::0\tip6-localnet
        fe00::0\tip6-mcastprefix
        fe00::1\tip6-allnodes
        fe00::2\tip6-allrouters

        """

    @Test func `hosts with and without a domain`() {
        #expect(
            HostsFile.podNetwork(ips: ["10.0.0.2"], hostname: "web", domain: "", aliases: [])
                == "# Kubernetes-managed hosts file.\n\(local)10.0.0.2\tweb\n")
        #expect(
            HostsFile.podNetwork(
                ips: ["10.0.0.2", "fd00::2"], hostname: "web", domain: "sub.ns.svc.cluster.local",
                aliases: [.init(ip: "1.2.3.4", names: ["foo", "bar"])])
                == "# Kubernetes-managed hosts file.\n\(local)10.0.0.2\tweb.sub.ns.svc.cluster.local\tweb\n"
                + "fd00::2\tweb.sub.ns.svc.cluster.local\tweb\n\n# Entries added by HostAliases.\n1.2.3.4\tfoo\tbar\n")
        #expect(
            HostsFile.hostNetwork(nodeFile: "127.0.0.1 localhost\n", aliases: [])
                == "# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n")
    }

    private let node = ResolvConf(parsing: "# c\nnameserver 8.8.8.8\n; d\nsearch a.example. b.example\noptions timeout:2 rotate\n")

    @Test func `reading resolv.conf`() {
        #expect(node.nameservers == ["8.8.8.8"])
        #expect(node.searches == ["a.example", "b.example"])
        #expect(node.options == ["timeout:2", "rotate"])
    }

    @Test(arguments: [
        (
            PodDNS.Policy.clusterFirst, false, ["10.96.0.10"], ["ns.svc.c.local", "svc.c.local", "c.local", "a.example", "b.example"],
            ["ndots:5"]
        ),
        (.clusterFirst, true, ["8.8.8.8"], ["a.example", "b.example"], ["timeout:2", "rotate"]),
        (
            .clusterFirstWithHostNet, true, ["10.96.0.10"], ["ns.svc.c.local", "svc.c.local", "c.local", "a.example", "b.example"],
            ["ndots:5"]
        ),
        (.default, false, ["8.8.8.8"], ["a.example", "b.example"], ["timeout:2", "rotate"]),
        (.none, false, [], [], []),
    ])
    func `policies`(policy: PodDNS.Policy, hostNetwork: Bool, servers: [String], searches: [String], options: [String]) {
        var settings = PodDNS.Settings()
        settings.policy = policy
        settings.hostNetwork = hostNetwork
        settings.namespace = "ns"
        var cluster = PodDNS.Cluster()
        cluster.nameservers = ["10.96.0.10"]
        cluster.domain = "c.local"
        let (config, warnings) = PodDNS.config(settings, node: node, cluster: cluster, podName: "p_ns")
        #expect(config.servers == servers)
        #expect(config.searches == searches)
        #expect(config.options == options)
        #expect(warnings.isEmpty)
    }

    @Test func `dnsConfig is merged and limited`() {
        var settings = PodDNS.Settings()
        settings.policy = .default
        settings.extra.nameservers = ["8.8.8.8", "1.1.1.1", "2.2.2.2", "3.3.3.3"]
        settings.extra.searches = (0..<40).map { "s\($0)" }
        settings.extra.options = ["timeout:9", "edns0"]
        let (config, warnings) = PodDNS.config(settings, node: node, cluster: PodDNS.Cluster(), podName: "p_ns")
        #expect(config.servers == ["8.8.8.8", "1.1.1.1", "2.2.2.2"])
        #expect(config.searches.count == 32)
        #expect(config.options == ["timeout:9", "rotate", "edns0"])
        #expect(warnings.map(\.reason) == ["DNSConfigForming", "DNSConfigForming"])
        #expect(
            warnings[0].message
                == "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 8.8.8.8 1.1.1.1 2.2.2.2"
        )
    }

    @Test func `a missing cluster DNS is told`() {
        let (config, warnings) = PodDNS.config(PodDNS.Settings(), node: node, cluster: PodDNS.Cluster(), podName: "p_ns")
        #expect(config.servers == ["8.8.8.8"])
        #expect(warnings.map(\.reason) == ["MissingClusterDNS"])
    }

    @Test(arguments: [
        ("p", "", "", false, "p", ""), ("p", "h", "", false, "h", ""), ("p", "h", "sub", false, "h", "sub.ns.svc.c.local"),
        ("p", "h", "sub", true, "h.sub.ns.svc.c.local", "sub.ns.svc.c.local"), ("p", "h", "", true, "h", ""),
        (String(repeating: "a", count: 62) + "-b", "", "", false, String(repeating: "a", count: 62), ""),
    ])
    func `host names`(pod: String, hostname: String, subdomain: String, fqdn: Bool, expected: String, domain: String) throws {
        var settings = PodHostname.Settings()
        (settings.podName, settings.namespace, settings.hostname) = (pod, "ns", hostname)
        (settings.subdomain, settings.setHostnameAsFQDN) = (subdomain, fqdn)
        let result = try PodHostname(settings, nodeName: "node1", clusterDomain: "c.local")
        #expect(result.hostname == expected)
        #expect(result.domain == domain)
    }

    @Test func `a full name that is too long is refused`() {
        var settings = PodHostname.Settings()
        (settings.podName, settings.namespace) = (String(repeating: "a", count: 60), "ns")
        (settings.subdomain, settings.setHostnameAsFQDN) = ("sub", true)
        let tooLong = settings
        #expect(throws: PodHostname.TooLong.self) { _ = try PodHostname(tooLong, nodeName: "n", clusterDomain: "c.local") }
        settings.hostNetwork = true
        #expect((try? PodHostname(settings, nodeName: "n", clusterDomain: "c.local"))?.hostname == "n")
    }

    @Test(arguments: [
        ("", ""),
        ("2026-01-01T00:00:00.1Z stdout F one\n2026-01-01T00:00:00.2Z stderr P tw\n2026-01-01T00:00:00.3Z stderr F o\n", "one\ntwo\n"),
        ("garbage\n2026-01-01T00:00:00.1Z stdout F a b  c\n", "a b  c\n"),
    ])
    func `tail of a log`(log: String, expected: String) { #expect(TerminationMessage.tail(ofLog: Array(log.utf8)) == expected) }

    @Test func `the tail has 80 lines and 2048 bytes at most`() {
        let lines = (0..<200).map { "t stdout F \($0)\n" }.joined()
        let short = TerminationMessage.tail(ofLog: Array(lines.utf8))
        #expect(short.split(separator: "\n").first == "120")
        let long = TerminationMessage.tail(ofLog: Array("t stdout F \(String(repeating: "x", count: 5_000))\n".utf8))
        #expect(long.utf8.count == 2_048)
    }
}
