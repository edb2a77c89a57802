import SupervisorAPI
import Testing

struct ExitRecordTests {
    private static let record = ExitRecord(MessageSample.exit)

    @Test func `a record is read back`() throws {
        #expect(try ExitRecord(decoding: Self.record.encoded()) == Self.record)
        #expect(Self.record.encoded().count <= ExitRecord.sizeLimit)
    }

    @Test func `the longest id fits`() throws {
        var exit = MessageSample.exit
        exit.id = [UInt8](repeating: 0x78, count: ProcessID.lengthLimit)
        let record = ExitRecord(exit)
        #expect(record.encoded().count <= ExitRecord.sizeLimit)
        #expect(try ExitRecord(decoding: record.encoded()) == record)
    }

    @Test func `no changed bit goes unnoticed`() {
        let bytes = Self.record.encoded()
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << UInt8(bit)
                #expect(throws: MalformedMessage.self) { try ExitRecord(decoding: damaged) }
            }
        }
    }

    @Test func `a cut or grown file is no record`() {
        let bytes = Self.record.encoded()
        for count in 0..<bytes.count {
            #expect(throws: MalformedMessage.self) { try ExitRecord(decoding: Array(bytes[..<count])) }
        }
        #expect(throws: MalformedMessage.self) { try ExitRecord(decoding: bytes + [0]) }
        #expect(throws: MalformedMessage.self) { try ExitRecord(decoding: [UInt8](repeating: 0, count: 4096)) }
    }

    @Test(arguments: [(Int32(0), Int32(0), Int32(0)), (3, 0, 3), (0, 9, 137), (0, 15, 143)])
    func `the exit code is the shell's`(code: Int32, signal: Int32, expected: Int32) {
        var exit = MessageSample.exit
        exit.code = code
        exit.signal = signal
        #expect(exit.exitCode == expected)
    }
}
