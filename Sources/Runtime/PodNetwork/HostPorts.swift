internal import LinuxSystem
package import Netlink
internal import Nftables
internal import Synchronization

/// What leads from the node to sandboxes, as far as this process made it or was told of it.
final class HostPortRegistry: Sendable {
    /// By sandbox. Held during the change in the kernel too: the library takes one at a time anyway.
    let forwards = Mutex<[String: [HostPortForward]]>([:])
}

extension PodNetwork {
    /// Leads ports of the node to a sandbox, all of them in one transaction. The first call makes the table.
    ///
    /// From the node itself, 127.0.0.1 leads there too; `::1` does not, as the kernel routes it nowhere.
    ///
    /// - Parameter addresses: The sandbox's.
    /// - Returns: What will not work although nothing failed, a line each.
    /// - Throws: ``PodNetworkError/Code/alreadyExists`` when a port is another sandbox's already.
    @discardableResult
    package func mapHostPorts(_ ports: [HostPort], sandboxID: String, addresses: [IPAddress]) throws -> [String] {
        guard !ports.isEmpty else { return [] }
        do {
            var wanted: [HostPortForward] = []
            for port in ports { wanted += try HostPortForward.all(port, to: addresses) }
            return try hostPorts.forwards.withLock { known in
                try Self.refuseClash(wanted, sandboxID, known)
                let notices = try add(wanted)
                known[sandboxID] = wanted
                return notices + letAnswerItself(sandboxID)
            }
        } catch {
            throw PodNetworkError.step("map host ports of sandbox \(sandboxID)", error)
        }
    }

    /// Takes a sandbox's host ports away, in one transaction. Idempotent. Connections that stand go on until the sandbox ends.
    package func unmapHostPorts(sandboxID: String) throws {
        try hostPorts.forwards.withLock { known in
            guard let forwards = known[sandboxID] else { return }
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
        }
    }

    /// After a restart: the sandboxes that exist and their host ports.
    ///
    /// - Parameter replacing: No other process works on the instance, so what the kernel has beside these is a crash's, and goes.
    package func restoreHostPorts(_ sandboxes: [String: (ports: [HostPort], addresses: [IPAddress])], replacing: Bool) throws {
        do {
            var all: [String: [HostPortForward]] = [:]
            for (id, sandbox) in sandboxes where !sandbox.ports.isEmpty {
                all[id] = try sandbox.ports.flatMap { try HostPortForward.all($0, to: sandbox.addresses) }
            }
            let restored = all
            try hostPorts.forwards.withLock { known in
                known = restored
                let wanted = restored.sorted { $0.key < $1.key }.flatMap(\.value)
                if replacing {
                    try replace(wanted)
                } else if !wanted.isEmpty {
                    _ = try add(wanted)
                }
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
        _ wanted: [HostPortForward], _ sandboxID: String, _ known: [String: [HostPortForward]]
    ) throws(PodNetworkError) {
        for (id, others) in known where id != sandboxID {
            guard let clash = wanted.first(where: { new in others.contains { $0.key.overlaps(new.key) } }) else { continue }
            throw PodNetworkError(.alreadyExists, "port \(clash.key.port)/\(clash.key.transport.rawValue) leads to sandbox \(id) already")
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
            if try readSmallFile(path) != "1" { try writeSmallFile(path, "1") }
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
            try writeSmallFile("/sys/class/net/\(names.hostLink(number))/brport/hairpin_mode", "1")
            return []
        } catch {
            return ["sandbox \(sandboxID) cannot reach itself through its host ports: \(error)"]
        }
    }

    /// - Returns: What was removed, a line each.
    func removeHostPortTable() throws -> [String] {
        hostPorts.forwards.withLock { $0 = [:] }
        guard (try? portTable()) != nil else { return [] }
        defer { nftables.close() }
        try nftables.remove(hostPortTable)
        return ["nftables table inet \(hostPortTable)"]
    }
}
