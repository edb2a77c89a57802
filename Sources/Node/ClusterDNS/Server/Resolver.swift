internal import APIMachinery
import Synchronization

/// Answers a message: from the cluster, from memory, or by asking others.
final class Resolver: Sendable {
    private let zone: ClusterZone
    private let forwarder: Forwarder
    /// Whether the first lists are in: before that nobody is told that a name does not exist.
    private let isReady: @Sendable () -> Bool
    let counts = QueryCounts()

    init(zone: ClusterZone, forwarder: Forwarder, isReady: @escaping @Sendable () -> Bool) {
        (self.zone, self.forwarder, self.isReady) = (zone, forwarder, isReady)
    }

    enum Outcome {
        case now([UInt8])
        /// Takes time; nil: no answer.
        case later(@Sendable () async -> [UInt8]?)
        case nothing
    }

    /// - Parameter limitsSize: Over UDP.
    func answer(_ message: [UInt8], limitsSize: Bool) -> Outcome {
        let query: DNSQuery
        do throws(DNSQuery.Refusal) { query = try DNSQuery(message) } catch {
            guard case .answered(let id, let code) = error else { return .nothing }
            return .now(DNSAnswer.refusal(id: id, code))
        }
        let limit = limitsSize ? query.udpSize : nil
        guard isReady() else { return .now(DNSAnswer(code: .serverFailure).message(to: query, limit: limit)) }
        guard query.recordClass == 1 else { return forward(query, message, limit) }
        switch zone.resolve(query.name, query.type) {
        case .answer(let answer):
            counts.count(answer.code)
            return .now(answer.message(to: query, limit: limit))
        case .elsewhere: return forward(query, message, limit)
        case .follow(let alias, let target): return follow(alias, target, query, limit)
        }
    }

    private func forward(_ query: DNSQuery, _ message: [UInt8], _ limit: Int?) -> Outcome {
        if let known = forwarder.known(query) {
            counts.countForwarded(isCached: true)
            return .now(fitted(known, query, limit))
        }
        return .later { [self] in
            let answer = await forwarder.resolve(query, message)
            counts.countForwarded(isCached: false)
            guard let answer else { return DNSAnswer(code: .serverFailure).message(to: query, limit: limit) }
            return fitted(answer, query, limit)
        }
    }

    /// What came over TCP, or was asked for by somebody with more room, may be too long for this one.
    private func fitted(_ message: [UInt8], _ query: DNSQuery, _ limit: Int?) -> [UInt8] {
        guard let limit, message.count > limit else { return message }
        let header = message[..<2] + [message[2] | 0x02, message[3], 0, 1, 0, 0, 0, 0, 0, 0]
        return header + query.question
    }

    /// The alias, and behind it the addresses of what it stands for, when that is in the cluster or others know it.
    private func follow(_ alias: DNSRecord, _ target: DNSName, _ query: DNSQuery, _ limit: Int?) -> Outcome {
        counts.count(.noError)
        guard query.type != .cname else { return .now(DNSAnswer(answers: [alias]).message(to: query, limit: limit)) }
        if case .answer(let inside) = zone.resolve(target, query.type) {
            return .now(DNSAnswer(answers: [alias] + inside.answers).message(to: query, limit: limit))
        }
        return .later { [self] in
            let (asked, message) = Self.question(target, query.type)
            let outside = await forwarder.resolve(asked, message).map(AddressReader.addresses) ?? []
            let records = outside.map { DNSRecord(name: target, timeToLive: $0.timeToLive, value: .address($0.bytes)) }
            return DNSAnswer(answers: [alias] + records.filter { $0.type == query.type }).message(to: query, limit: limit)
        }
    }

    /// A question of this server's own.
    private static func question(_ name: DNSName, _ type: RecordType) -> (DNSQuery, [UInt8]) {
        var bytes: [UInt8] = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        for label in name.labels { bytes += [UInt8(label.utf8.prefix(63).count)] + label.utf8.prefix(63) }
        bytes += [0, UInt8(type.rawValue >> 8), UInt8(truncatingIfNeeded: type.rawValue), 0, 1]
        let query = DNSQuery(name: name, type: type, question: Array(bytes[12...]))
        return (query, bytes)
    }
}

extension DNSQuery {
    fileprivate init(name: DNSName, type: RecordType, question: [UInt8]) {
        (id, isRecursionDesired, self.name, self.type, recordClass) = (0, true, name, type, 1)
        (self.question, udpSize, hasEDNS) = (question, 512, false)
    }
}

/// Reads the addresses of an answer, whatever names they stand at: an alias leads from one to the next.
enum AddressReader {
    static func addresses(_ message: [UInt8]) -> [(bytes: [UInt8], timeToLive: UInt32)] {
        var reader = DNSReader(message)
        guard reader.integer() != nil, reader.integer() != nil, reader.integer() == 1, let answers = reader.integer(),
            reader.integer() != nil,
            reader.integer() != nil, reader.name() != nil, reader.integer() != nil, reader.integer() != nil
        else { return [] }
        var found: [(bytes: [UInt8], timeToLive: UInt32)] = []
        for _ in 0..<answers {
            guard let record = reader.record() else { break }
            let type = RecordType(rawValue: record.type)
            let length = type == .a ? 4 : type == .aaaa ? 16 : 0
            guard length > 0, reader.position >= length, reader.position <= message.count else { continue }
            found.append((Array(message[(reader.position - length)..<reader.position]), record.timeToLive))
        }
        return found
    }
}

/// What has been asked for, for metrics.
final class QueryCounts: Sendable {
    let answered = Atomic<Int>(0)
    let noSuchName = Atomic<Int>(0)
    let forwarded = Atomic<Int>(0)
    let fromCache = Atomic<Int>(0)

    func count(_ code: ResponseCode) {
        answered.add(1, ordering: .relaxed)
        if code == .nameError { noSuchName.add(1, ordering: .relaxed) }
    }

    func countForwarded(isCached: Bool) {
        if isCached { fromCache.add(1, ordering: .relaxed) } else { forwarded.add(1, ordering: .relaxed) }
    }
}
