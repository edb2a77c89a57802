internal import KubernetesClient
internal import Netlink
internal import Nftables

/// The proxy's table in the kernel: applies wanted states, one transaction each. Calls block.
struct KernelRules: Sendable {
    private let configuration: ServiceProxyConfiguration
    private var table: RuleTable<ObjectKey>
    private var ports: [ObjectKey: [ProxiedPort]] = [:]
    private let report: @Sendable (String) -> Void

    /// - Parameter report: Told of what a service cannot have because another one has it.
    init(_ configuration: ServiceProxyConfiguration, report: @escaping @Sendable (String) -> Void) {
        self.configuration = configuration
        self.report = report
        table = RuleTable(name: configuration.table)
    }

    /// Makes the table where there is none.
    mutating func prepare() throws {
        var socket = try NetlinkSocket(.netfilter)
        if try socket.netfilterTable(configuration.table) == nil { try replace([:]) }
    }

    /// Makes the whole table anew in one transaction: no packet sees a state in between.
    mutating func replace(_ wanted: [ObjectKey: [ProxiedPort]]) throws(ServiceProxyError) {
        let base = BaseRules(configuration: configuration).table
        let fragments = wanted.mapValues { fragment($0) }
        try step("make the table \(configuration.table)") { table throws(NftablesError) in try table.replace(base, with: fragments) }
        let before = ports
        ports = wanted
        forgetFlows(from: before, to: wanted)
        reportLosses(of: wanted.keys)
    }

    /// Changes what some services have in the table; no ports: the service is gone.
    mutating func change(_ wanted: [ObjectKey: [ProxiedPort]]) throws(ServiceProxyError) {
        let changed = wanted.filter { ports[$0.key] ?? [] != $0.value }
        guard !changed.isEmpty else { return }
        let names = changed.keys.sorted().prefix(3).map(\.description).joined(separator: ", ")
        let fragments = changed.mapValues { $0.isEmpty ? nil : fragment($0) }
        try step("change the rules of \(names)") { table throws(NftablesError) in try table.change(fragments) }
        let before = ports.filter { changed[$0.key] != nil }
        for (service, wanted) in changed { ports[service] = wanted.isEmpty ? nil : wanted }
        forgetFlows(from: before, to: changed)
        reportLosses(of: changed.keys)
    }

    private func reportLosses(of services: some Collection<ObjectKey>) {
        for service in services.sorted() {
            for (element, owner) in table.lostElements(of: service) {
                report("service proxy: service \(service) does not get \(element.key): service \(owner) has it")
            }
        }
    }

    private func fragment(_ ports: [ProxiedPort]) -> RuleFragment {
        ports.reduce(into: RuleFragment()) { $0.add(PortRules(port: $1, podCIDRs: configuration.podCIDRs).fragment) }
    }

    private mutating func step(
        _ step: String, _ body: (inout RuleTable<ObjectKey>) throws(NftablesError) -> Void
    ) throws(ServiceProxyError) {
        do throws(NftablesError) {
            try body(&table)
        } catch {
            throw ServiceProxyError(description: "service proxy: \(step): \(error)")
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
