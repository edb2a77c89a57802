internal import KubernetesAPI

extension Declaration {
    var networkExpectations: [Expectation] {
        guard facts.isManaged, !isHostNetwork, !facts.containers.isEmpty else { return [] }
        var expectations = [
            Expectation("pod/network/links[lo]", .equals("up"), why: "the containers could not reach each other", formula: "every pod's")
        ]
        guard !facts.addresses.isEmpty else { return expectations }
        expectations += [
            Expectation("pod/network/links[eth0]", .equals("up"), why: "the pod could reach nobody", formula: "every pod's"),
            Expectation(
                "pod/network/addresses", .sameMembers(facts.addresses), why: "what the API server says of the pod leads elsewhere",
                formula: "status.podIPs"),
        ]
        for family in [4, 6] where facts.addresses.contains(where: { $0.contains(":") == (family == 6) }) {
            expectations.append(
                Expectation(
                    "pod/network/defaultRoute[IPv\(family)]", .matches("via .* dev eth0"), why: "the pod could reach only its own node",
                    formula: "a default route over the pod's gateway"))
        }
        return expectations
    }

    /// `spec.hostname`, else the pod's name; cut to 63 characters (kubernetes.io/docs/concepts/services-networking/dns-pod-service).
    var hostname: String {
        if isHostNetwork { return facts.node.name }
        let whole = spec.hostname ?? pod.metadata.name ?? ""
        var short = String(whole.prefix(63))
        if short.utf8.count < whole.utf8.count { while short.hasSuffix("-") || short.hasSuffix(".") { short.removeLast() } }
        return short
    }

    private var domain: String {
        guard let subdomain = spec.subdomain, !subdomain.isEmpty, !isHostNetwork else { return "" }
        return "\(subdomain).\(pod.metadata.namespace ?? "default").svc.\(facts.node.clusterDomain)"
    }

    private var isFullName: Bool { spec.setHostnameAsFQDN ?? false && !domain.isEmpty }

    var hostnameExpectations: [Expectation] {
        // With the machine's network the name is the machine's own, which may be another than the node's.
        guard !isHostNetwork, !facts.containers.isEmpty else { return [] }
        let formula = spec.hostname == nil ? "the pod's name" : "spec.hostname"
        return [
            Expectation(
                "pod/hostname", .equals(isFullName ? "\(hostname).\(domain)" : hostname),
                why: "programs that ask for their name get another",
                formula: isFullName ? "\(formula), with its domain (setHostnameAsFQDN)" : formula)
        ]
    }

    /// With slashes or dots; the kernel's own form has slashes.
    var sysctls: [(name: String, value: String, formula: String)] {
        var all = (spec.securityContext?.sysctls ?? []).map {
            (name: Self.kernelPath($0.name), value: $0.value, formula: "securityContext.sysctls")
        }
        guard facts.isManaged, !isHostNetwork else { return all }
        func add(_ name: String, _ value: String) {
            if !all.contains(where: { $0.name == name }) { all.append((name, value, "what CRI runtimes set in a pod's own network")) }
        }
        add("net/ipv4/ip_unprivileged_port_start", "0")
        if !hasUserNamespace { add("net/ipv4/ping_group_range", "0 2147483647") }
        return all
    }

    /// sysctl(8): when the first separator is a dot, dots and slashes change places.
    static func kernelPath(_ name: String) -> String {
        guard name.first(where: { $0 == "." || $0 == "/" }) == "." else { return name }
        return String(name.map { $0 == "." ? "/" : $0 == "/" ? "." : $0 })
    }

    var sysctlExpectations: [Expectation] {
        guard !facts.containers.isEmpty else { return [] }
        return sysctls.map { sysctl in
            let value = sysctl.value.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
            return Expectation(
                "pod/sysctls[\(sysctl.name)]", .equals(value), why: "the kernel treats the pod otherwise than it asked for",
                formula: sysctl.formula)
        }
    }

    func fileExpectations(_ container: Container) -> [Expectation] {
        guard facts.isManaged else { return [] }
        let own = Set(container.volumeMounts.map { normalized($0.mountPath) })
        var expectations: [Expectation] = []
        let path = "\(container.name)/files"
        if !own.contains("/etc/hosts"), !isHostNetwork {
            let name = domain.isEmpty ? hostname : "\(hostname).\(domain) \(hostname)"
            let lines = facts.addresses.map { "\($0) \(name)" } + spec.hostAliases.map { ([$0.ip] + $0.hostnames).joined(separator: " ") }
            expectations.append(
                Expectation(
                    "\(path)/hosts", .includes(["127.0.0.1 localhost"] + lines), why: "names would lead elsewhere",
                    formula: "the pod's addresses and hostname, hostAliases"))
        }
        if !own.contains("/etc/hostname"), !isHostNetwork {
            expectations.append(
                Expectation(
                    "\(path)/hostname", .equals(hostnameFile), why: "programs that read their name there get another",
                    formula: "the pod's hostname"))
        }
        if !own.contains("/etc/resolv.conf") { expectations += resolverExpectations(path) }
        return expectations
    }

    private var hostnameFile: String { isFullName ? "\(hostname).\(domain)" : hostname }

    private func resolverExpectations(_ path: String) -> [Expectation] {
        let config = spec.dnsConfig
        let isOwn = spec.dnsPolicy == "None"
        func list(_ members: [String]) -> Requirement { isOwn ? .sameMembers(members) : .includes(members) }
        let formula = isOwn ? "dnsPolicy: None, dnsConfig alone" : "dnsPolicy: \(spec.dnsPolicy ?? "ClusterFirst"), dnsConfig added"
        let options = (config?.options ?? []).map { option in option.value.map { "\(option.name ?? ""):\($0)" } ?? option.name ?? "" }
        return [
            Expectation(
                "\(path)/resolv.conf/nameservers", list(config?.nameservers ?? []), why: "names would be asked of other servers",
                formula: formula),
            Expectation(
                "\(path)/resolv.conf/searches", list(config?.searches ?? []), why: "short names would lead elsewhere", formula: formula),
            Expectation("\(path)/resolv.conf/options", list(options), why: "names would be resolved otherwise", formula: formula),
        ]
    }
}
