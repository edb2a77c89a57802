/// A query as it came: one question, and what EDNS says; RFC 1035 4.1, RFC 6891.
struct DNSQuery: Sendable {
    var id: UInt16
    var isRecursionDesired: Bool
    var name: DNSName
    var type: RecordType
    var recordClass: UInt16
    /// The question's bytes, given back as they came: clients compare the case of letters.
    var question: [UInt8]
    /// Bytes of an answer that the client takes over UDP; 512 without EDNS.
    var udpSize: Int
    var hasEDNS: Bool
    /// Whether signatures are wanted beside the records (RFC 3225).
    var wantsSignatures = false

    enum Refusal: Error {
        /// Not even an answer is possible, or it is an answer itself.
        case silent
        /// Answered with this code.
        case answered(id: UInt16, ResponseCode)
    }

    init(_ message: [UInt8]) throws(Refusal) {
        var reader = DNSReader(message)
        guard let id = reader.integer(), let flags = reader.integer(), let questions = reader.integer(), let answers = reader.integer(),
            let authorities = reader.integer(), let additional = reader.integer()
        else { throw .silent }
        guard flags & 0x8000 == 0 else { throw .silent }
        guard flags >> 11 & 0xf == 0 else { throw .answered(id: id, .notImplemented) }
        let start = reader.position
        guard questions == 1, let name = reader.name(), let type = reader.integer(), let recordClass = reader.integer() else {
            throw .answered(id: id, .formatError)
        }
        self.id = id
        isRecursionDesired = flags & 0x100 != 0
        self.name = name
        self.type = RecordType(rawValue: type)
        self.recordClass = recordClass
        question = Array(message[start..<reader.position])
        (udpSize, hasEDNS) = (512, false)
        for _ in 0..<(Int(answers) + Int(authorities) + Int(additional)) {
            guard let record = reader.record() else { throw .answered(id: id, .formatError) }
            guard record.type == RecordType.opt.rawValue else { continue }
            // Sizes beyond what paths carry whole only lead to lost fragments.
            (udpSize, hasEDNS) = (min(max(512, Int(record.recordClass)), 1232), true)
            wantsSignatures = record.timeToLive & 0x8000 != 0
        }
    }
}

/// Reads a message; nil when it is cut short or malformed.
struct DNSReader {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func integer() -> UInt16? {
        guard position + 2 <= bytes.count else { return nil }
        defer { position += 2 }
        return UInt16(bytes[position]) << 8 | UInt16(bytes[position + 1])
    }

    /// A name, compressed or not. Pointers lead backwards only, so that reading ends.
    mutating func name() -> DNSName? {
        var labels: [String] = []
        var (at, end, length): (Int, Int?, Int) = (position, nil, 0)
        while at < bytes.count {
            let size = Int(bytes[at])
            if size == 0 {
                position = end ?? at + 1
                return DNSName(labels)
            }
            if size & 0xc0 == 0xc0 {
                guard at + 1 < bytes.count else { return nil }
                let target = (size & 0x3f) << 8 | Int(bytes[at + 1])
                guard target < at else { return nil }
                end = end ?? at + 2
                at = target
                continue
            }
            length += size + 1
            guard size < 64, length < 255, at + 1 + size <= bytes.count else { return nil }
            labels.append(String(decoding: bytes[(at + 1)..<(at + 1 + size)].map(Self.lowercase), as: UTF8.self))
            at += 1 + size
        }
        return nil
    }

    /// - Returns: nil when it is cut short.
    mutating func record() -> (type: UInt16, recordClass: UInt16, timeToLive: UInt32, timeToLivePosition: Int)? {
        guard name() != nil, let type = integer(), let recordClass = integer() else { return nil }
        let place = position
        guard let high = integer(), let low = integer(), let length = integer(), position + Int(length) <= bytes.count else { return nil }
        position += Int(length)
        return (type, recordClass, UInt32(high) << 16 | UInt32(low), place)
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 { (0x41...0x5a).contains(byte) ? byte | 0x20 : byte }
}
