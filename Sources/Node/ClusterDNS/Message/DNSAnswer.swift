/// What is said to a query by this server itself.
struct DNSAnswer: Hashable, Sendable {
    var code = ResponseCode.noError
    var answers: [DNSRecord] = []
    var authority: [DNSRecord] = []
    var additional: [DNSRecord] = []

    /// The message. One that is longer than the limit is cut to the question and marked, so that the client asks again over TCP.
    ///
    /// - Parameter limit: Bytes; nil over TCP.
    func message(to query: DNSQuery, limit: Int?) -> [UInt8] {
        let whole = encoded(query, isTruncated: false)
        guard let limit, whole.count > limit else { return whole }
        return DNSAnswer(code: code).encoded(query, isTruncated: true)
    }

    /// For a query that could not be read.
    static func refusal(id: UInt16, _ code: ResponseCode) -> [UInt8] {
        var writer = DNSWriter()
        writer.header(id: id, flags: 0x8000 | UInt16(code.rawValue), counts: (0, 0, 0, 0))
        return writer.bytes
    }

    private func encoded(_ query: DNSQuery, isTruncated: Bool) -> [UInt8] {
        var writer = DNSWriter()
        // An answer, of the zone's own server; recursion is available.
        let flags =
            0x8480 | (isTruncated ? 0x200 : 0) | (query.isRecursionDesired ? 0x100 : 0) | UInt16(code.rawValue)
        writer.header(
            id: query.id, flags: flags,
            counts: (1, answers.count, authority.count, additional.count + (query.hasEDNS ? 1 : 0)))
        writer.question(query)
        for record in answers + authority + additional { writer.record(record) }
        if query.hasEDNS { writer.options(udpSize: 1232) }
        return writer.bytes
    }
}

/// Writes a message, names compressed where they repeat; RFC 1035 4.1.4.
struct DNSWriter {
    private(set) var bytes: [UInt8] = []
    private var places: [ArraySlice<String>: Int] = [:]

    mutating func header(id: UInt16, flags: UInt16, counts: (Int, Int, Int, Int)) {
        for value in [
            id, flags, UInt16(clamping: counts.0), UInt16(clamping: counts.1), UInt16(clamping: counts.2), UInt16(clamping: counts.3),
        ] {
            integer(value)
        }
    }

    mutating func question(_ query: DNSQuery) {
        note(query.name.labels[...], at: bytes.count)
        bytes += query.question
    }

    mutating func record(_ record: DNSRecord) {
        name(record.name)
        integer(record.type.rawValue)
        integer(1)
        integer32(record.timeToLive)
        let lengthPlace = bytes.count
        integer(0)
        value(record.value)
        let length = UInt16(clamping: bytes.count - lengthPlace - 2)
        bytes[lengthPlace] = UInt8(length >> 8)
        bytes[lengthPlace + 1] = UInt8(truncatingIfNeeded: length)
    }

    mutating func options(udpSize: UInt16) {
        bytes.append(0)
        integer(RecordType.opt.rawValue)
        integer(udpSize)
        integer32(0)
        integer(0)
    }

    private mutating func value(_ value: DNSRecord.Value) {
        switch value {
        case .address(let address): bytes += address
        case .canonicalName(let target), .pointer(let target): name(target)
        case .service(let priority, let weight, let port, let target):
            for number in [priority, weight, port] { integer(number) }
            // RFC 2782: not compressed.
            name(target, isCompressed: false)
        case .text(let text):
            let part = text.utf8.prefix(255)
            bytes.append(UInt8(part.count))
            bytes += part
        case .authority(let primary, let mailbox, let serial, let refresh, let retry, let expire, let minimum):
            name(primary)
            name(mailbox)
            for number in [serial, refresh, retry, expire, minimum] { integer32(number) }
        }
    }

    private mutating func name(_ name: DNSName, isCompressed: Bool = true) {
        var rest = name.labels[...]
        while let label = rest.first {
            if isCompressed, let place = places[rest] { return integer(0xc000 | UInt16(place)) }
            note(only: rest, at: bytes.count)
            let part = label.utf8.prefix(63)
            bytes.append(UInt8(part.count))
            bytes += part
            rest = rest.dropFirst()
        }
        bytes.append(0)
    }

    /// The question's name and all its ends can be pointed at.
    private mutating func note(_ labels: ArraySlice<String>, at place: Int) {
        var (rest, at) = (labels, place)
        while let label = rest.first {
            note(only: rest, at: at)
            at += label.utf8.count + 1
            rest = rest.dropFirst()
        }
    }

    /// Pointers have 14 bits.
    private mutating func note(only labels: ArraySlice<String>, at place: Int) {
        if place < 0x4000, places[labels] == nil { places[labels] = place }
    }

    private mutating func integer(_ value: UInt16) { bytes += [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)] }
    private mutating func integer32(_ value: UInt32) {
        integer(UInt16(value >> 16))
        integer(UInt16(truncatingIfNeeded: value))
    }
}
