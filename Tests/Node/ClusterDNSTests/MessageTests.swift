import Testing

@testable import ClusterDNS

struct MessageTests {
    /// `web.default` A, with EDNS of 4096 bytes.
    private static let question: [UInt8] =
        [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 3] + Array("WeB".utf8) + [7] + Array("default".utf8) + [0, 0, 1, 0, 1]
        + [0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0]

    @Test func `a query is read, whatever the case of its letters`() throws {
        let query = try DNSQuery(Self.question)
        #expect(query.id == 0x1234 && query.name == DNSName("web.default") && query.type == .a && query.isRecursionDesired)
        #expect(query.hasEDNS && query.udpSize == 1232)
    }

    @Test func `an answer gives the question back as it came, and compresses names`() throws {
        let query = try DNSQuery(Self.question)
        let record = DNSRecord(name: query.name, timeToLive: 5, value: .address([10, 0, 0, 1]))
        let message = DNSAnswer(answers: [record]).message(to: query, limit: 512)
        #expect(Array(message[12..<(12 + query.question.count)]) == query.question)
        #expect(Array(message[(12 + query.question.count)...].prefix(16)) == [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 0, 0, 1])
        #expect(AddressReader.addresses(message).map(\.bytes) == [[10, 0, 0, 1]])
        #expect(AnswerCache.lifetime(of: message)?.seconds == 5)
    }

    @Test func `what is too long for UDP is cut and marked`() throws {
        let query = try DNSQuery(Self.question)
        let records = (0..<200 as Range<UInt8>).map { DNSRecord(name: query.name, timeToLive: 5, value: .address([10, 0, 0, $0])) }
        let message = DNSAnswer(answers: records).message(to: query, limit: query.udpSize)
        #expect(message.count <= 1232 && message[2] & 0x02 != 0)
        #expect(DNSAnswer(answers: records).message(to: query, limit: nil)[2] & 0x02 == 0)
    }

    @Test func `messages cut short anywhere, and pointers in a circle, are refused and not followed`() {
        for length in 0..<Self.question.count {
            if (try? DNSQuery(Array(Self.question.prefix(length)))) != nil { #expect(Bool(false), "\(length) bytes are no query") }
        }
        var circle = Array(Self.question.prefix(12))
        circle += [0xc0, 12, 0, 1, 0, 1]
        #expect(throws: DNSQuery.Refusal.self) { try DNSQuery(circle) }
    }

    @Test func `answers are no queries`() {
        var answer = Self.question
        answer[2] |= 0x80
        #expect(throws: DNSQuery.Refusal.self) { try DNSQuery(answer) }
    }
}
