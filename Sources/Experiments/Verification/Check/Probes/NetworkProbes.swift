internal import Glibc
internal import LinuxSystem
internal import Netlink
internal import Nftables

/// Links and rules as the pod network makes them, in a network namespace that goes with the probe.
enum NetworkProbes {
    static let all = [veth, nftables, services, forwarding, ipv6]

    private static let veth = Probe.asRoot(
        Feature(
            .network, "veth and bridge", neededBy: "the pod network", lost: "pods have no network", mend: "modprobe veth bridge")
    ) { _ in
        let inside = try NetworkNamespace.create()
        return try NetworkNamespace.runApart {
            var socket = try NetlinkSocket()
            try socket.perform([.addBridge(LinkSettings(name: "check0", isUp: true))])
            guard let bridge = try socket.link(.name("check0")), bridge.kind == "bridge" else { return .no("the bridge is not to be seen") }
            let ends = try socket.addVeth(
                LinkSettings(name: "check1", isUp: true, master: bridge.index), peer: LinkSettings(name: "eth0"), in: inside.descriptor)
            guard try socket.link(.index(ends.index))?.master == bridge.index else { return .no("the veth is not in its bridge") }
            return .yes("a pair was made, one end in a bridge, one in another namespace")
        }
    }

    private static let nftables = Probe.asRoot(
        Feature(
            .network, "nftables with masquerading", neededBy: "pods that reach the outside",
            lost: "pods reach only each other: start with --no-masquerade, or mend it",
            mend: "apt-get install libnftables1; modprobe nf_tables nft_masq nft_ct")
    ) { _ in
        try NetworkNamespace.runApart {
            let rules = Nftables()
            defer { rules.close() }
            try rules.create(
                NftablesTable(
                    name: "swiftlet-check",
                    content: """
                        chain postrouting {
                        type nat hook postrouting priority srcnat
                        ip saddr 10.0.0.0/8 ip daddr != { 10.0.0.0/8, 224.0.0.0/4 } masquerade
                        }
                        """))
            return try rules.run("list tables").contains("swiftlet-check")
                ? .yes("a transaction was made and read back") : .no("the table is not there")
        }
    }

    private static let services = Probe.asRoot(
        Feature(
            .network, "nftables with dnat, maps and fib", neededBy: "Services, hostPort",
            lost: "Services and host ports lead nowhere", mend: "modprobe nft_nat nft_fib_inet nft_numgen nft_chain_nat nf_conntrack")
    ) { _ in
        try NetworkNamespace.runApart {
            let rules = Nftables()
            defer { rules.close() }
            try rules.create(
                NftablesTable(
                    name: "swiftlet-check",
                    content: """
                        map services {
                        type ipv4_addr . inet_proto . inet_service : verdict
                        }
                        chain backends {
                        meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.0.0.1 . 80, 1 : 10.0.0.2 . 80 }
                        }
                        chain prerouting {
                        type nat hook prerouting priority dstnat
                        ip daddr . meta l4proto . th dport vmap @services
                        fib daddr type local jump backends
                        ct status dnat meta mark set meta mark or 0x4000
                        }
                        """))
            return .yes("a transaction of that kind was taken")
        }
    }

    private static let forwarding = Probe.asRoot(
        Feature(
            .network, "IP forwarding", neededBy: "traffic between pods and out of the machine", lost: "pods reach only their own node",
            mend: "sysctl -w net.ipv4.ip_forward=1, where /proc/sys is writable")
    ) { _ in
        try NetworkNamespace.runApart {
            try Files.write("1", to: "/proc/sys/net/ipv4/ip_forward")
            return .yes("can be switched on")
        }
    }

    private static let ipv6 = Probe(
        Feature(
            .network, "IPv6", neededBy: "::1 inside pods, dual-stack clusters", lost: "pods have IPv4 only",
            mend: "boot without ipv6.disable=1; sysctl -w net.ipv6.conf.all.disable_ipv6=0", isRequired: false)
    ) { _ in
        let number = socket(AF_INET6, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SystemError("make an IPv6 socket", .current) }
        _ = OwnedFD(adopting: number)
        let disabled = (try? Files.readText("/proc/sys/net/ipv6/conf/all/disable_ipv6"))?.hasPrefix("1") ?? false
        return disabled ? .no("switched off by net.ipv6.conf.all.disable_ipv6") : .yes("a socket was made")
    }
}
