/// Answers of the cluster's zone, `cluster.local` by default, and of the reverse zones; the Kubernetes DNS specification, 1.1.0. Pure: what is
/// in the cluster comes from ``ClusterDirectory``.
struct ClusterZone: Sendable {
    enum Outcome: Hashable {
        case answer(DNSAnswer)
        /// A service of the kind ExternalName: what its name leads to has to be found out, and stands behind this record.
        case follow(DNSRecord, DNSName)
        /// Not of this zone.
        case elsewhere
    }

    let domain: DNSName
    /// Seconds.
    let timeToLive: UInt32
    let directory: any ClusterDirectory

    func resolve(_ name: DNSName, _ type: RecordType) -> Outcome {
        if let address = name.reverseAddress { return reverse(name, address, type) }
        guard let below = name.labels(below: domain) else { return .elsewhere }
        switch below.last {
        case "svc": return service(name, Array(below.dropLast()), type)
        case "pod": return .answer(pod(name, Array(below.dropLast()), type))
        case "dns-version" where below.count == 1:
            return .answer(answer([DNSRecord(name: name, timeToLive: timeToLive, value: .text("1.1.0"))], type))
        case nil: return .answer(type == .soa ? DNSAnswer(answers: [authority]) : noData)
        default: return .answer(noSuchName)
        }
    }

    // MARK: services

    /// - Parameter labels: Left of `svc`.
    private func service(_ name: DNSName, _ labels: [String], _ type: RecordType) -> Outcome {
        guard let namespace = labels.last else { return .answer(noData) }
        guard labels.count >= 2 else { return .answer(directory.hasNamespace(namespace) ? noData : noSuchName) }
        let serviceName = labels[labels.count - 2]
        guard let records = directory.service(namespace: namespace, name: serviceName) else { return .answer(noSuchName) }
        let base = DNSName([serviceName, namespace, "svc"] + domain.labels)
        let rest = labels.dropLast(2)
        if let external = records.externalName {
            guard rest.isEmpty else { return .answer(noSuchName) }
            let target = DNSName(external)
            return .follow(DNSRecord(name: name, timeToLive: timeToLive, value: .canonicalName(target)), target)
        }
        switch rest.count {
        case 0: return .answer(atService(name, base, records, type))
        case 1: return .answer(rest[0].hasPrefix("_") ? noSuchName : endpoint(name, rest[0], records, type))
        case 2: return .answer(port(name, base, records, port: rest[0], transport: rest[1], type))
        default: return .answer(noSuchName)
        }
    }

    private func atService(_ name: DNSName, _ base: DNSName, _ records: ServiceRecords, _ type: RecordType) -> DNSAnswer {
        if type == .srv { return services(name, base, records, records.ports, endpointPorts: { $0.ports }) }
        // A headless service without endpoints is no name at all: its clients look for peers, and go on looking.
        if records.clusterIPs.isEmpty, records.endpoints.isEmpty { return noSuchName }
        let addresses = records.clusterIPs + records.endpoints.map(\.bytes)
        return answer(unique(addresses).map { address(name, $0) }, type)
    }

    private func endpoint(_ name: DNSName, _ label: String, _ records: ServiceRecords, _ type: RecordType) -> DNSAnswer {
        let found = records.endpoints.filter { $0.label == label }
        guard !found.isEmpty else { return noSuchName }
        return answer(unique(found.map(\.bytes)).map { address(name, $0) }, type)
    }

    /// `_http._tcp`
    private func port(
        _ name: DNSName, _ base: DNSName, _ records: ServiceRecords, port: String, transport: String, _ type: RecordType
    ) -> DNSAnswer {
        guard port.hasPrefix("_"), transport.hasPrefix("_") else { return noSuchName }
        let (port, transport) = (port.dropFirst(), transport.dropFirst())
        func isWanted(_ other: ServiceRecords.Port) -> Bool { !other.name.isEmpty && other.name == port && other.transport == transport }
        let ports = records.ports.filter(isWanted)
        let isKnown = records.clusterIPs.isEmpty ? records.endpoints.contains { $0.ports.contains(where: isWanted) } : !ports.isEmpty
        guard isKnown else { return noSuchName }
        guard type == .srv || type == .any else { return noData }
        return services(name, base, records, ports, endpointPorts: { $0.ports.filter(isWanted) })
    }

    /// One record for each port of a cluster IP, or for each port of each endpoint, with the addresses beside them.
    private func services(
        _ name: DNSName, _ base: DNSName, _ records: ServiceRecords, _ ports: [ServiceRecords.Port],
        endpointPorts: (ServiceRecords.Address) -> [ServiceRecords.Port]
    ) -> DNSAnswer {
        var result = DNSAnswer()
        var pairs: [(port: UInt16, target: DNSName)] = []
        if !records.clusterIPs.isEmpty {
            pairs = ports.map { ($0.number, base) }
            result.additional = records.clusterIPs.map { address(base, $0) }
        } else {
            for endpoint in records.endpoints {
                let target = base.child(endpoint.label)
                pairs += endpointPorts(endpoint).map { ($0.number, target) }
                result.additional.append(address(target, endpoint.bytes))
            }
        }
        // Weights share out what there is evenly.
        let weight = UInt16(100 / max(1, min(100, pairs.count)))
        result.answers = pairs.map {
            DNSRecord(name: name, timeToLive: timeToLive, value: .service(priority: 0, weight: weight, port: $0.port, target: $0.target))
        }
        return result.answers.isEmpty ? noData : result
    }

    // MARK: pods

    /// `10-244-0-7.NAMESPACE.pod`: says the address again, as CoreDNS does in its mode `insecure`.
    private func pod(_ name: DNSName, _ labels: [String], _ type: RecordType) -> DNSAnswer {
        guard let namespace = labels.last, directory.hasNamespace(namespace) else { return labels.isEmpty ? noData : noSuchName }
        if labels.count == 1 { return noData }
        guard labels.count == 2, let bytes = Self.address(inLabel: labels[0]) else { return noSuchName }
        return answer([address(name, bytes)], type)
    }

    private static func address(inLabel label: String) -> [UInt8]? {
        let parts = label.split(separator: "-", omittingEmptySubsequences: false)
        if parts.count == 4 {
            let bytes = parts.compactMap { UInt8($0) }
            if bytes.count == 4 { return bytes }
        }
        return ClusterAddress.bytes(of: String(label.map { $0 == "-" ? ":" : $0 }))
    }

    // MARK: reverse

    private func reverse(_ name: DNSName, _ address: [UInt8], _ type: RecordType) -> Outcome {
        let targets = directory.names(of: address).map { DNSName($0 + ["svc"] + domain.labels) }
        guard !targets.isEmpty else { return directory.owns(address) ? .answer(noSuchName) : .elsewhere }
        return .answer(answer(targets.map { DNSRecord(name: name, timeToLive: timeToLive, value: .pointer($0)) }, type))
    }

    // MARK: answers

    private func address(_ name: DNSName, _ bytes: [UInt8]) -> DNSRecord {
        DNSRecord(name: name, timeToLive: timeToLive, value: .address(bytes))
    }

    private func unique(_ addresses: [[UInt8]]) -> [[UInt8]] {
        var seen: Set<[UInt8]> = []
        return addresses.filter { seen.insert($0).inserted }
    }

    /// The records of the wanted type; a name that has only others exists, without data.
    private func answer(_ records: [DNSRecord], _ type: RecordType) -> DNSAnswer {
        let wanted = type == .any ? records : records.filter { $0.type == type }
        return wanted.isEmpty ? noData : DNSAnswer(answers: wanted)
    }

    private var noData: DNSAnswer { DNSAnswer(authority: [authority]) }
    private var noSuchName: DNSAnswer { DNSAnswer(code: .nameError, authority: [authority]) }

    /// Says how long a "no" may be believed: as long as a "yes".
    private var authority: DNSRecord {
        DNSRecord(
            name: domain, timeToLive: timeToLive,
            value: .authority(
                primary: DNSName(["ns", "dns"] + domain.labels), mailbox: DNSName(["hostmaster"] + domain.labels), serial: 1,
                refresh: 7200, retry: 1800, expire: 86400, minimum: timeToLive))
    }
}

/// What DNS has to know of the cluster.
protocol ClusterDirectory: Sendable {
    func hasNamespace(_ name: String) -> Bool
    func service(namespace: String, name: String) -> ServiceRecords?
    /// The names that have an address, each as its labels left of `svc`.
    func names(of address: [UInt8]) -> [[String]]
    /// Whether an address is the cluster's, so that nobody else can know its name.
    func owns(_ address: [UInt8]) -> Bool
}
