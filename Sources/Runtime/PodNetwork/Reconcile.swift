internal import Glibc
internal import LinuxSystem
internal import Netlink
internal import Nftables

extension PodNetwork {
    /// After a crash: frees the pins, links and addresses of all sandboxes but those that still exist. Call it before the first attach.
    ///
    /// - Returns: What was removed, a line each.
    package func reconcile(existing: Set<String>) throws -> [String] {
        do {
            return try releaseAbandoned(existing) + unpinAbandoned(existing) + deleteUnreserved()
        } catch {
            throw PodNetworkError.step("reconcile the pod network \(names.bridge)", error)
        }
    }

    private func releaseAbandoned(_ existing: Set<String>) throws -> [String] {
        var lines = try store.removeStrangers().map { "address \($0) (not in the pod CIDR \(plan.networks[0]))" }
        for (number, reservation) in try store.reservations().sorted(by: { $0.key < $1.key }) {
            switch reservation {
            case .sandbox(let id) where !existing.contains(id):
                try pins.unpin(id)
                lines.append("address \(plan.primary(number)) of sandbox \(id)")
            case .ready(let process) where process != getpid():
                lines.append("address \(plan.primary(number)) of process \(process)'s pool")
            case .sandbox, .ready, .releasing: continue
            }
            release(number)
        }
        return lines
    }

    private func unpinAbandoned(_ existing: Set<String>) throws -> [String] {
        try pins.names().filter { !existing.contains($0) }.compactMap { name in
            try pins.unpin(name) ? "network namespace \(pins.path(name))" : nil
        }
    }

    /// Links without a reservation: the state directory was lost.
    private func deleteUnreserved() throws -> [String] {
        var socket = try NetlinkSocket()
        let reserved = Set(try store.reservations().keys)
        let lost = try socket.links().filter { names.hostNumber(ofLink: $0.name).map { !reserved.contains($0) } ?? false }
        return try lost.compactMap { link in
            try socket.perform(.deleteLink(.index(link.index)), tolerating: .noDevice) ? "link \(link.name)" : nil
        }
    }
}

extension PodNetwork {
    /// Removes everything this instance has made: pins, links, bridge, rules, reservations. Pods still running lose their network.
    /// Forwarding stays on, as others may have come to need it.
    ///
    /// - Returns: What was removed, a line each.
    package func tearDown() throws -> [String] {
        upkeep.stop()
        hostSide.withLock { $0 = nil }
        do {
            return try removePins() + removeRoutes() + removeLinks() + removeTable() + removeHostPortTable() + removeTablesOfOthers()
                + removeState()
        } catch {
            throw PodNetworkError.step("tear down the pod network \(names.bridge)", error)
        }
    }

    private func removePins() throws -> [String] {
        let lines = try pins.names().compactMap { try pins.unpin($0) ? "network namespace \(pins.path($0))" : nil }
        return lines + (try pins.remove() ? ["mount \(pins.directory)"] : [])
    }

    /// All in one request, so that they share one wait for RCU; then what was not in the group. The kernel may be taking veths away at
    /// the same time, as their namespaces went.
    private func removeLinks() throws -> [String] {
        var socket = try NetlinkSocket()
        let links = try socket.links()
        let own = links.filter { names.hostNumber(ofLink: $0.name) != nil || ($0.name == names.bridge && $0.kind == "bridge") }
        if links.allSatisfy({ $0.group != names.group || own.contains($0) }) {
            _ = try socket.perform(.deleteLinks(inGroup: names.group), tolerating: .noDevice)
        }
        for link in own { _ = try socket.perform(.deleteLink(.index(link.index)), tolerating: .noDevice) }
        return own.map { "link \($0.name)" }
    }

    private func removeTable() throws -> [String] {
        guard let table = try? kernelTable() else { return [] }
        defer { nftables.close() }
        try nftables.remove(table.name)
        return ["nftables table inet \(table.name)"]
    }

    private func removeState() throws -> [String] {
        let lines = try store.reservations().keys.sorted().map { "address \(plan.primary($0))" }
        try store.removeAll()
        return lines
    }
}
