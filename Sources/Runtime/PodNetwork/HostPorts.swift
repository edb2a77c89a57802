internal import LinuxSystem
package import Netlink
internal import Nftables
internal import Synchronization

/// What leads from the node to sandboxes, as far as this process made it or was told of it.
final class HostPortRegistry: Sendable {
    struct Ports: Sendable {
        var forwards: [HostPortForward]
        var held: [HeldPort] = []
    }
    /// By sandbox. Held during the change in the kernel too: the library takes one at a time anyway.
    let mapped = Mutex<[String: Ports]>([:])
}

extension PodNetwork {
    /// Leads ports of the node to a sandbox, all of them in one transaction. The first call makes the table.
    ///
    /// From the node itself, 127.0.0.1 leads there too; `::1` does not, as the kernel routes it nowhere.
    ///
    /// - Parameter addresses: The sandbox's.
    /// - Returns: What will not work although nothing failed, a line each.
    /// - Throws: ``PodNetworkError/Code/alreadyExists`` when a port is another sandbox's already, or another program's.
    @discardableResult
    package func mapHostPorts(_ ports: [HostPort], sandboxID: String, addresses: [IPAddress]) throws -> [String] {
        guard !ports.isEmpty else { return [] }
        do {
            var wanted: [HostPortForward] = []
            for port in ports { wanted += try HostPortForward.all(port, to: addresses) }
            return try hostPorts.mapped.withLock { known in
                try Self.refuseClash(wanted, sandboxID, known)
                let (held, unheld) = try hold(wanted)
                let notices = try unheld + add(wanted)
                known[sandboxID] = .init(forwards: wanted, held: held)
                return notices + forgetFlows(wanted) + letAnswerItself(sandboxID)
            }
        } catch {
            throw PodNetworkError.step("map host ports of sandbox \(sandboxID)", error)
        }
    }

    /// Takes a sandbox's host ports away, in one transaction. Idempotent. Connections that stand go on until the sandbox ends; UDP has none.
    ///
    /// - Returns: What was not done although nothing failed, a line each.
    @discardableResult
    package func unmapHostPorts(sandboxID: String) throws -> [String] {
        try hostPorts.mapped.withLock { known in
            guard let forwards = known[sandboxID]?.forwards else { return [] }
            defer { nftables.close() }
            do throws(NftablesError) {
                try nftables.run(portRules.commands(.delete, forwards))
            } catch {
                // Someone else has emptied the maps; what is left of these goes one by one.
                guard error.errno == .noSuchFile else {
                    throw PodNetworkError.step("unmap host ports of sandbox \(sandboxID)", error)
                }
                for forward in forwards { _ = try? nftables.run(portRules.commands(.delete, [forward])) }
            }
            known[sandboxID] = nil
            return forgetFlows(forwards)
        }
    }

    /// After a restart: the sandboxes that exist and their host ports.
    ///
    /// - Parameter replacing: No other process works on the instance, so what the kernel has beside these is a crash's, and goes.
    /// - Returns: What will not work although nothing failed, a line each.
    @discardableResult
    package func restoreHostPorts(
        _ sandboxes: [String: (ports: [HostPort], addresses: [IPAddress])], replacing: Bool
    ) throws -> [String] {
        do {
            var all: [String: HostPortRegistry.Ports] = [:]
            for (id, sandbox) in sandboxes where !sandbox.ports.isEmpty {
                all[id] = .init(forwards: try sandbox.ports.flatMap { try HostPortForward.all($0, to: sandbox.addresses) })
            }
            let restored = all
            return try hostPorts.mapped.withLock { known in
                known = restored
                let wanted = restored.sorted { $0.key < $1.key }.flatMap(\.value.forwards)
                if replacing {
                    try replace(wanted)
                } else if !wanted.isEmpty {
                    _ = try add(wanted)
                }
                return holdAgain(&known)
            }
        } catch {
            throw PodNetworkError.step("restore the host ports of sandboxes", error)
        }
    }
}

extension PodNetwork {
    /// Of the table of host ports, family `inet`.
    package var hostPortTable: String { HostPortRules.tableName(names) }

    private var portRules: HostPortRules { HostPortRules(names: names, plan: plan) }

    private static func refuseClash(
        _ wanted: [HostPortForward], _ sandboxID: String, _ known: [String: HostPortRegistry.Ports]
    ) throws(PodNetworkError) {
        for (id, others) in known where id != sandboxID {
            guard let clash = wanted.first(where: { new in others.forwards.contains { $0.key.overlaps(new.key) } }) else { continue }
            throw PodNetworkError(.alreadyExists, "port \(clash.key.port)/\(clash.key.transport.rawValue) leads to sandbox \(id) already")
        }
    }

    /// Takes the ports from the node's other programs.
    private func hold(_ wanted: [HostPortForward]) throws(PodNetworkError) -> (held: [HeldPort], notices: [String]) {
        var held: [HeldPort] = []
        var notices: [String] = []
        for forward in wanted {
            do {
                held.append(try HeldPort(forward.key))
            } catch {
                guard error.errno == .addressInUse else {
                    notices += Self.unheld(error, forward.key)
                    continue
                }
                throw PodNetworkError(
                    .alreadyExists, "port \(forward.key.port)/\(forward.key.transport.rawValue) of the node is another program's",
                    cause: error)
            }
        }
        return (held, notices)
    }

    /// What leads to living pods goes on leading there, whoever has bound the port meanwhile.
    private func holdAgain(_ known: inout [String: HostPortRegistry.Ports]) -> [String] {
        var notices: [String] = []
        for (id, ports) in known {
            for forward in ports.forwards {
                do { known[id]?.held.append(try HeldPort(forward.key)) } catch { notices += Self.unheld(error, forward.key) }
            }
        }
        return notices
    }

    /// A kernel without SCTP has no sockets of it that could clash.
    private static func unheld(_ error: SystemError, _ key: HostPortForward.Key) -> [String] {
        error.errno == .protocolNotSupported ? [] : ["host port \(key) is not kept from other programs: \(error)"]
    }

    /// A flow of UDP goes on as its first packet went: past a port that was not mapped yet, or to a sandbox that is gone.
    private func forgetFlows(_ forwards: [HostPortForward]) -> [String] {
        let keys = forwards.map(\.key).filter { $0.transport == .udp }
        guard !keys.isEmpty else { return [] }
        do {
            var socket = try NetlinkSocket(.netfilter)
            for key in keys { try socket.forgetUDPFlows(to: key.port, address: key.address, key.family) }
            return []
        } catch {
            return ["clients that have sent to these UDP ports before may still be led elsewhere: \(error)"]
        }
    }

    private func add(_ wanted: [HostPortForward]) throws -> [String] {
        defer { nftables.close() }
        let isThere = try portTable()?.comment == portRules.table.digest
        do throws(NftablesError) {
            try nftables.run(isThere ? portRules.commands(.add, wanted) : portRules.creation(wanted))
        } catch  where error.errno == .exists {
            throw PodNetworkError(.alreadyExists, "a port leads to another sandbox already", cause: error)
        } catch {
            throw PodNetworkError(
                .unavailable, "lead ports of the node to pods (mend: load the kernel modules nf_tables, nft_nat, nft_fib_inet)",
                cause: error)
        }
        return isThere ? [] : openLoopback()
    }

    /// Leaves an empty table out, and one that was never needed away.
    private func replace(_ wanted: [HostPortForward]) throws {
        let isThere = try portTable() != nil
        guard isThere || !wanted.isEmpty else { return }
        defer { nftables.close() }
        if wanted.isEmpty { return try nftables.remove(hostPortTable) }
        try nftables.run(portRules.replacement(wanted))
        _ = openLoopback()
    }

    private func portTable() throws -> NetfilterTable? {
        var socket = try NetlinkSocket(.netfilter)
        return try socket.netfilterTable(hostPortTable)
    }

    /// Lets packets from 127.0.0.1 leave by the bridge, to the pods (ip-sysctl.rst, route_localnet). The guard chain stands by now.
    private func openLoopback() -> [String] {
        guard plan.networks.contains(where: { $0.family == .v4 }) else { return [] }
        let path = "/proc/sys/net/ipv4/conf/\(names.bridge)/route_localnet"
        do {
            if try Files.readText(path) != "1\n" { try Files.write("1", to: path) }
            return []
        } catch {
            return ["host ports cannot be reached through 127.0.0.1: \(error)"]
        }
    }

    /// With br_netfilter a packet of the pod's to its own host port never leaves the bridge, and would have to leave by the port that it
    /// came in by. The bridge allows that to no port unless told (ip-link(8), `hairpin`).
    private func letAnswerItself(_ sandboxID: String) -> [String] {
        guard let number = store.knownNumber(of: sandboxID) else { return [] }
        do {
            try Files.write("1", to: "/sys/class/net/\(names.hostLink(number))/brport/hairpin_mode")
            return []
        } catch {
            return ["sandbox \(sandboxID) cannot reach itself through its host ports: \(error)"]
        }
    }

    /// As the end of this process would: the rules stay.
    func letGoOfHostPorts() { hostPorts.mapped.withLock { $0 = [:] } }

    /// - Returns: What was removed, a line each.
    func removeHostPortTable() throws -> [String] {
        letGoOfHostPorts()
        guard (try? portTable()) != nil else { return [] }
        defer { nftables.close() }
        try nftables.remove(hostPortTable)
        return ["nftables table inet \(hostPortTable)"]
    }
}
