internal import KubernetesClient
internal import Netlink
internal import Nftables

/// The proxy's table in the kernel: applies wanted states, one transaction each. One caller at a time.
actor KernelRules {
    private let configuration: ServiceProxyConfiguration
    private let nftables = Nftables()
    private var state = RuleState()
    private var ports: [ObjectKey: [ProxiedPort]] = [:]
    /// Chains and sets that nothing leads to any more, which an earlier clean-up could not delete.
    private var leftOver: [String] = []

    private let report: @Sendable (String) -> Void

    /// - Parameter report: Told of what a service cannot have because another one has it.
    init(_ configuration: ServiceProxyConfiguration, report: @escaping @Sendable (String) -> Void) {
        self.configuration = configuration
        self.report = report
    }

    /// Makes the table where there is none.
    func prepare() throws {
        var socket = try NetlinkSocket(.netfilter)
        if try socket.netfilterTable(configuration.table) == nil { try replace([:]) }
    }

    /// Makes the whole table anew in one transaction: no packet sees a state in between.
    func replace(_ wanted: [ObjectKey: [ProxiedPort]]) throws(ServiceProxyError) {
        var fresh = RuleState()
        let commands = fresh.change(wanted.mapValues { Optional(fragment($0)) }, table: configuration.table)
        let base = BaseRules(configuration: configuration).table
        try run(([base.replacement] + commands.transaction).joined(separator: "\n"), "make the table \(configuration.table)")
        let before = ports
        (state, ports, leftOver) = (fresh, wanted, [])
        forgetFlows(from: before, to: wanted)
        reportLosses(of: wanted.keys)
    }

    /// Changes what some services have in the table; no ports: the service is gone.
    func change(_ wanted: [ObjectKey: [ProxiedPort]]) throws(ServiceProxyError) {
        let changed = wanted.filter { ports[$0.key] ?? [] != $0.value }
        guard !changed.isEmpty else { return }
        var next = state
        let commands = next.change(changed.mapValues { $0.isEmpty ? nil : fragment($0) }, table: configuration.table)
        if !commands.transaction.isEmpty {
            let names = changed.keys.sorted().prefix(3).map(\.description).joined(separator: ", ")
            try run(commands.transaction.joined(separator: "\n"), "change the rules of \(names)")
        }
        let before = ports.filter { changed[$0.key] != nil }
        state = next
        for (service, wanted) in changed { ports[service] = wanted.isEmpty ? nil : wanted }
        cleanUp(commands.cleanUp)
        forgetFlows(from: before, to: changed)
        reportLosses(of: changed.keys)
    }

    private func reportLosses(of services: some Collection<ObjectKey>) {
        for service in services.sorted() {
            for (element, owner) in state.lostElements(of: service) {
                report("service proxy: service \(service) does not get \(element.key): service \(owner) has it")
            }
        }
    }

    private func fragment(_ ports: [ProxiedPort]) -> RuleFragment {
        ports.reduce(into: RuleFragment()) { $0.add(PortRules(port: $1, podCIDRs: configuration.podCIDRs).fragment) }
    }

    private func run(_ commands: String, _ step: String) throws(ServiceProxyError) {
        do throws(NftablesError) {
            try nftables.run(commands)
        } catch {
            throw ServiceProxyError(description: "service proxy: \(step): \(error)")
        }
    }

    /// Nothing leads to these any more: one that stays does no harm, and is tried again with the next. Sets only after the chains that use them.
    private func cleanUp(_ commands: [String]) {
        let all = leftOver + commands
        guard !all.isEmpty else { return }
        do throws(NftablesError) {
            try nftables.run(all.joined(separator: "\n"))
            leftOver = []
        } catch {
            leftOver = all
        }
    }

    /// UDP has no end: a flow goes on to an endpoint that is gone, as its first packet did, for as long as packets come.
    private func forgetFlows(from old: [ObjectKey: [ProxiedPort]], to new: [ObjectKey: [ProxiedPort]]) {
        let stale = StaleFlows.find(from: old.values.flatMap(\.self), to: new.values.flatMap(\.self))
        guard !stale.isEmpty, var socket = try? NetlinkSocket(.netfilter) else { return }
        for flow in stale {
            // What cannot be forgotten goes on to where it went, until it has been silent for long enough.
            _ = try? socket.forgetUDPFlows(to: flow.port, address: flow.address.flatMap { IPAddress($0) }, flow.isIPv4 ? .v4 : .v6)
        }
    }
}
