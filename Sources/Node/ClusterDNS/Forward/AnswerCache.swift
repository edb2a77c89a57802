internal import APIMachinery
import Synchronization

/// Answers of other servers for as long as their records live. Bounded; the oldest go first.
final class AnswerCache: Sendable {
    struct Key: Hashable, Sendable {
        var name: DNSName
        var type: RecordType
        var recordClass: UInt16
        /// Whether the asker can take more than 512 bytes: what it is told may differ.
        var hasEDNS: Bool
        var wantsSignatures: Bool
    }
    private struct Entry {
        var message: [UInt8]
        /// Where the records' times to live stand.
        var timePlaces: [Int]
        var stored: Duration
        var ends: Duration
    }
    private struct State {
        var entries: [Key: Entry] = [:]
        var order: [Key] = []
    }
    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int = 10_000) { self.limit = limit }

    /// - Returns: The message with the id and question of the query, and times to live that are less by its age.
    func find(_ key: Key, for query: DNSQuery, now: Duration) -> [UInt8]? {
        guard let entry = state.withLock({ $0.entries[key] }), now < entry.ends else { return nil }
        var message = entry.message
        guard message.count >= 12 + query.question.count else { return nil }
        message.replaceSubrange(0..<2, with: [UInt8(query.id >> 8), UInt8(truncatingIfNeeded: query.id)])
        message.replaceSubrange(12..<(12 + query.question.count), with: query.question)
        let age = UInt32(clamping: (now - entry.stored).components.seconds)
        for place in entry.timePlaces {
            let old = message[place..<(place + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            let new = old > age ? old - age : 0
            for index in 0..<4 { message[place + index] = UInt8(truncatingIfNeeded: new >> UInt32(24 - 8 * index)) }
        }
        return message
    }

    /// Keeps an answer that may be kept: a yes, or a no with its authority (RFC 2308).
    func store(_ message: [UInt8], _ key: Key, now: Duration) {
        guard let (places, seconds) = Self.lifetime(of: message), seconds > 0 else { return }
        let entry = Entry(message: message, timePlaces: places, stored: now, ends: now + .seconds(Int64(min(seconds, 3600))))
        state.withLock { state in
            if state.entries.updateValue(entry, forKey: key) == nil { state.order.append(key) }
            if state.order.count > limit {
                for old in state.order.prefix(limit / 8) { state.entries[old] = nil }
                state.order.removeFirst(limit / 8)
            }
        }
    }

    /// Where the times to live of a whole answer stand, and the shortest; nil for what may not be kept.
    static func lifetime(of message: [UInt8]) -> (places: [Int], seconds: UInt32)? {
        var reader = DNSReader(message)
        guard reader.integer() != nil, let flags = reader.integer(), let questions = reader.integer(), let answers = reader.integer(),
            let authorities = reader.integer(), let additional = reader.integer()
        else { return nil }
        let code = UInt8(flags & 0xf)
        guard flags & 0x200 == 0, questions == 1, code == ResponseCode.noError.rawValue || code == ResponseCode.nameError.rawValue,
            reader.name() != nil, reader.integer() != nil, reader.integer() != nil
        else { return nil }
        var (places, shortest): ([Int], UInt32?) = ([], nil)
        for _ in 0..<(Int(answers) + Int(authorities) + Int(additional)) {
            guard let record = reader.record() else { return nil }
            if record.type == RecordType.opt.rawValue { continue }
            places.append(record.timeToLivePosition)
            // A no lives as long as its authority says (RFC 2308, 5); what is neither yes nor no, a referral, is not kept.
            if answers == 0, shortest == nil, record.type != RecordType.soa.rawValue { return nil }
            shortest = min(shortest ?? .max, record.timeToLive)
            if answers == 0, record.type == RecordType.soa.rawValue, reader.position >= 4 {
                shortest = min(
                    shortest ?? .max, message[(reader.position - 4)..<reader.position].reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
            }
        }
        return shortest.map { (places, $0) }
    }
}
