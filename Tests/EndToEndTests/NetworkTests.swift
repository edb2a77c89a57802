import Foundation
import Testing

extension EndToEnd {
    /// A pod's network and names, from inside, from the host's tables, and by talking to it.
    @Suite struct NetworkTests {}
}

extension EndToEnd.NetworkTests {
    @Test func `a pod has lo, eth0 and one address of the node's range, and answers the host`() throws {
        try withPod(Manifest.fixture("pod", arguments: "run, --http, '8080'")) { machine, pod throws in
            let address = try #require(pod.podIP)
            #expect(address.hasPrefix("10.77.\(machine.subnet)."))
            let inside = try Description.of(pod.name, on: machine)
            #expect(Set(inside.interfaces.map(\.name)) == ["lo", "eth0"])
            #expect(inside.interfaces.allSatisfy { $0.up })
            #expect(inside.interfaces.filter { $0.name == "eth0" && !$0.address.contains(":") }.map(\.address) == [address])
            // From the host: a route to the range through the instance's bridge, an answer, and the pod in the neighbour table.
            let route = try shell("ip route get \(address)")
            #expect(!route.contains(" via "), "\(route)")
            let bridge = try #require(route.split(separator: " ").drop { $0 != "dev" }.dropFirst().first.map(String.init))
            try waitUntil("the pod answers") { try get("http://\(address):8080/") == "healthy\n" }
            #expect(try shell("ip neigh show \(address) dev \(bridge)").contains("lladdr"))
            #expect(try shell("ip -o link show master \(bridge)").split(separator: "\n").count >= 1)
        }
    }

    @Test func `two pods have two addresses and reach each other and the host`() throws {
        try withMachine(images: ["fixture", "busybox"]) { machine throws in
            for name in ["one", "two"] {
                _ = try machine.manifest(Manifest.fixture(name, arguments: "run, --http, '8080'"), name: "manifests/\(name).yaml")
            }
            _ = try machine.manifest(Manifest.sleeper("client"), name: "manifests/client.yaml")
            let agent = try machine.startAgent()
            let (one, two) = (try agent.waitUntilRunning("one"), try agent.waitUntilRunning("two"))
            #expect(one.podIP != two.podIP)
            let client = try agent.waitUntilRunning("client").name
            for address in [one, two].compactMap(\.podIP) {
                try waitUntil("\(address) answers") {
                    try machine.exec(client, ["wget", "-q", "-O", "-", "http://\(address):8080/"]).stdout == "healthy\n"
                }
            }
            #expect(try machine.exec(client, ["ping", "-c", "1", "-w", "5", "10.77.\(machine.subnet).1"]).status == 0)
        }
    }

    @Test func `the address of a removed pod is given again, never twice at once`() throws {
        try withMachine(images: ["fixture"]) { machine throws in
            let agent = try machine.startAgent()
            for round in 0..<3 {
                let names = (0..<5).map { "p\(round)-\($0)" }
                let text = names.map { Manifest.fixture($0) }.joined(separator: "\n---\n")
                let file = try machine.manifest(text, name: "manifests/all.yaml")
                let addresses = try names.map { try agent.waitUntilRunning($0).podIP ?? "" }
                #expect(Set(addresses).count == names.count, "\(addresses)")
                try FileManager.default.removeItem(atPath: file)
                try waitUntil("all are gone") { try machine.pods().isEmpty }
            }
        }
    }

    @Test func `with the host's network the pod has the host's links, and the node's name`() throws {
        try withPod(Manifest.fixture("pod", pod: "hostNetwork: true")) { machine, pod throws in
            let inside = try Description.of(pod.name, on: machine)
            #expect(Set(inside.interfaces.map(\.name)).isSubset(of: KernelInventory.links()))
            #expect(inside.hostname == (try shell("uname -n").trimmingCharacters(in: .newlines)))
            #expect(try pod.process().file("/etc/hosts").hasPrefix("# Kubernetes-managed hosts file (host network).\n"))
        }
    }

    private func get(_ url: String) throws -> String {
        try Program.run(
            "/usr/bin/env",
            ["python3", "-c", "import sys, urllib.request as u; sys.stdout.write(u.urlopen(sys.argv[1], timeout=5).read().decode())", url]
        )
        .stdout
    }
}

// MARK: - Names and parameters

extension EndToEnd.NetworkTests {
    @Test(arguments: [
        ("hostname: web", "web", ""),
        ("hostname: web, subdomain: shop", "web", "web.shop.default.svc.cluster.local"),
        (
            "hostname: web, subdomain: shop, setHostnameAsFQDN: true", "web.shop.default.svc.cluster.local",
            "web.shop.default.svc.cluster.local"
        ),
    ])
    func `host names are the manifest's`(fields: String, hostname: String, fullName: String) throws {
        try withPod(Manifest.fixture("pod", pod: fields)) { machine, pod throws in
            let inside = try Description.of(pod.name, on: machine)
            #expect(inside.hostname == hostname)
            #expect(inside.environment.contains("HOSTNAME=\(hostname)"))
            #expect(try pod.process().file("/etc/hostname") == "\(hostname)\n")
            let line = try pod.process().file("/etc/hosts").split(separator: "\n").first { $0.hasPrefix(pod.podIP ?? "none") }
            #expect(line == (fullName.isEmpty ? "\(pod.podIP ?? "")\tweb" : "\(pod.podIP ?? "")\t\(fullName)\tweb"))
        }
    }

    @Test func `a static pod without a hostname bears its full name`() throws {
        try withPod(Manifest.fixture("pod")) { machine, pod throws in
            #expect(try Description.of(pod.name, on: machine).hostname == pod.name)
        }
    }

    @Test func `host aliases and DNS settings stand in the pod's files`() throws {
        let fields = """
            hostAliases: [{ip: 192.0.2.7, hostnames: [alpha, beta]}], dnsPolicy: None, \
            dnsConfig: {nameservers: [192.0.2.53], searches: [example.test], options: [{name: ndots, value: '3'}, {name: rotate}]}
            """
        try withPod(Manifest.fixture("pod", pod: fields)) { _, pod throws in
            #expect(try pod.process().file("/etc/hosts").contains("192.0.2.7\talpha\tbeta\n"))
            let resolver = try pod.process().file("/etc/resolv.conf").split(separator: "\n")
            #expect(Set(resolver) == ["nameserver 192.0.2.53", "search example.test", "options ndots:3 rotate"])
        }
    }

    @Test func `sysctls are set in the pod's namespaces and nowhere else`() throws {
        let names = ["net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies", "kernel.shm_rmid_forced"]
        let wanted = ["1000", "0", "1"]
        let list = zip(names, wanted).map { "{name: \($0), value: '\($1)'}" }.joined(separator: ", ")
        func own() throws -> [String] {
            try names.map { try String(contentsOfFile: "/proc/sys/" + $0.replacing(".", with: "/"), encoding: .utf8) }
        }
        let before = try own()
        try withPod(Manifest.fixture("pod", pod: "securityContext: {sysctls: [\(list)]}")) { machine, pod throws in
            let inside = try Description.of(pod.name, on: machine, sysctls: names)
            #expect(names.map { inside.sysctls[$0] ?? nil } == wanted)
            #expect(try own() == before)
        }
    }

    @Test func `an unsafe sysctl is refused`() throws {
        try withMachine { machine throws in
            let pod = try machine.manifest(
                Manifest.busybox(command: "echo ran", pod: "securityContext: {sysctls: [{name: kernel.msgmax, value: '1'}]}"))
            let result = try machine.swiftlet(["run"], ["-f", pod])
            #expect(result.status != 0)
            #expect(result.stdout.isEmpty)
            #expect(result.stderr.contains("forbidden sysctl: \"kernel.msgmax\" not allowlisted"), "\(result.stderr)")
        }
    }
}
