internal import APIMachinery
internal import KubernetesAPI

/// Which slices are written so that a Service's endpoints are as wanted, with as few writes as can be: a pure decision.
///
/// As upstream's reconciler: slices that change anyway are filled first, then the fullest one that takes the rest, then new ones are made. What need not
/// change is never moved to another slice.
struct SlicePlan: Sendable {
    private(set) var creates: [EndpointSlice] = []
    private(set) var updates: [EndpointSlice] = []
    private(set) var deletes: [EndpointSlice] = []

    /// - Parameters:
    ///   - existing: All of the same address type.
    ///   - desired: By their ports; of one address type.
    ///   - template: What every slice has: labels, owners, address type.
    ///   - maxEndpoints: In one slice.
    init(existing: [EndpointSlice], desired: [[DiscoveryV1EndpointPort]: [Endpoint]], template: EndpointSlice, maxEndpoints: Int) {
        let byPorts = Dictionary(grouping: existing) { $0.ports }
        for (ports, endpoints) in desired.sorted(by: { Self.text($0.key) < Self.text($1.key) }) {
            fill(ports, byPorts[ports] ?? [], endpoints, template, maxEndpoints)
        }
        for (ports, slices) in byPorts.sorted(by: { Self.text($0.key) < Self.text($1.key) }) where desired[ports] == nil {
            deletes += slices
        }
        keepPlaceholder(existing, desired.isEmpty, template)
        recycle()
    }

    private static func text(_ ports: [DiscoveryV1EndpointPort]) -> String {
        ports.map { "\($0.name ?? "")/\($0.protocol ?? "")/\($0.port ?? 0)" }.joined(separator: ",")
    }

    /// One set of ports.
    private mutating func fill(
        _ ports: [DiscoveryV1EndpointPort], _ slices: [EndpointSlice], _ wanted: [Endpoint], _ template: EndpointSlice, _ maxEndpoints: Int
    ) {
        var missing = Dictionary(wanted.map { (EndpointIdentity($0), $0) }) { first, _ in first }
        var (changed, unchanged): ([EndpointSlice], [EndpointSlice]) = ([], [])
        for slice in slices.sorted(by: { ($0.metadata.name ?? "") < ($1.metadata.name ?? "") }) {
            var new = slice
            new.endpoints = slice.endpoints.compactMap { missing.removeValue(forKey: EndpointIdentity($0)) }
            new.metadata.labels = template.metadata.labels
            new.metadata.ownerReferences = template.metadata.ownerReferences
            if new.endpoints.isEmpty, !slice.endpoints.isEmpty || !wanted.isEmpty {
                deletes.append(slice)
            } else if new.endpoints != slice.endpoints || !Self.hasSameHead(new, slice) {
                changed.append(new)
            } else {
                unchanged.append(slice)
            }
        }
        // In the order given, so that equal input gives equal slices.
        var rest = wanted.filter { missing[EndpointIdentity($0)] != nil }[...]
        for index in changed.indices { Self.move(&rest, into: &changed[index], maxEndpoints) }
        if !rest.isEmpty, rest.count < maxEndpoints, var slice = takeFullest(&unchanged, room: rest.count, maxEndpoints) {
            Self.move(&rest, into: &slice, maxEndpoints)
            changed.append(slice)
        }
        while !rest.isEmpty {
            var slice = template
            slice.ports = ports
            Self.move(&rest, into: &slice, maxEndpoints)
            creates.append(slice)
        }
        updates += changed
    }

    private static func move(_ rest: inout ArraySlice<Endpoint>, into slice: inout EndpointSlice, _ maxEndpoints: Int) {
        let moved = rest.prefix(max(0, maxEndpoints - slice.endpoints.count))
        slice.endpoints += moved
        rest = rest.dropFirst(moved.count)
    }

    private func takeFullest(_ slices: inout [EndpointSlice], room: Int, _ maxEndpoints: Int) -> EndpointSlice? {
        let fitting = slices.indices.filter { slices[$0].endpoints.count + room <= maxEndpoints }
        guard let best = fitting.max(by: { slices[$0].endpoints.count < slices[$1].endpoints.count }) else { return nil }
        return slices.remove(at: best)
    }

    /// A Service without endpoints has one empty slice, so that it can be told from one that nobody has looked at.
    private mutating func keepPlaceholder(_ existing: [EndpointSlice], _ isEmpty: Bool, _ template: EndpointSlice) {
        guard isEmpty, creates.isEmpty, updates.isEmpty, deletes.count == existing.count else { return }
        let placeholder = existing.first { $0.endpoints.isEmpty && $0.ports.isEmpty }
        guard let placeholder else {
            creates.append(template)
            return
        }
        deletes.removeAll { $0.metadata.name == placeholder.metadata.name }
        guard !Self.hasSameHead(placeholder, template) else { return }
        var new = placeholder
        new.metadata.labels = template.metadata.labels
        new.metadata.ownerReferences = template.metadata.ownerReferences
        updates.append(new)
    }

    /// A slice that would go becomes one that would come.
    private mutating func recycle() {
        let count = min(creates.count, deletes.count)
        for index in 0..<count {
            var slice = deletes[index]
            slice.ports = creates[index].ports
            slice.endpoints = creates[index].endpoints
            slice.metadata.labels = creates[index].metadata.labels
            slice.metadata.ownerReferences = creates[index].metadata.ownerReferences
            updates.append(slice)
        }
        creates.removeFirst(count)
        deletes.removeFirst(count)
    }

    private static func hasSameHead(_ left: EndpointSlice, _ right: EndpointSlice) -> Bool {
        left.metadata.labels == right.metadata.labels && left.metadata.ownerReferences == right.metadata.ownerReferences
    }

    /// Changes every slice that is written.
    mutating func forEachWritten(_ change: (inout EndpointSlice) -> Void) {
        for index in creates.indices { change(&creates[index]) }
        for index in updates.indices { change(&updates[index]) }
    }
}

/// What makes an endpoint the same one though its state has changed.
private struct EndpointIdentity: Hashable {
    var addresses: [String]
    var hostname: String
    var target: String

    init(_ endpoint: Endpoint) {
        addresses = endpoint.addresses.sorted()
        hostname = endpoint.hostname ?? ""
        target = "\(endpoint.targetRef?.namespace ?? "")/\(endpoint.targetRef?.name ?? "")"
    }
}
