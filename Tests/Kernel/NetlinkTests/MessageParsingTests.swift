import LinuxSystem
import Testing

@testable import Netlink

struct MessageParsingTests {
    private func links(_ datagram: [UInt8]) throws -> [Link] {
        var links: [Link] = []
        try forEachMessage(in: datagram.span.bytes) { _, payload in links.append(try Link(payload: payload)) }
        return links
    }

    private func acknowledgement(_ datagram: [UInt8]) throws -> Acknowledgement? {
        var found: Acknowledgement?
        try forEachMessage(in: datagram.span.bytes) { header, payload in
            found = try Acknowledgement(header: header, payload: payload)
        }
        return found
    }

    @Test func `a link as the kernel sends it`() throws {
        let link = try #require(try links(recordedLink).first)
        #expect(link.index == 7 && link.name == "swl0" && link.mtu == 1500 && link.kind == "veth")
        #expect(link.isUp && link.isRunning && !link.isLoopback)
        #expect(link.master == 3 && link.linkIndex == 2 && link.linkNamespaceID == 1 && link.group == 0x8000_0005)
        #expect(link.address?.description == "0a:58:0a:f4:00:02")
    }

    @Test func `two messages in one datagram`() throws {
        #expect(try links(recordedLink + recordedLink).count == 2)
    }

    @Test func `every truncation is refused or read short, never past the end`() {
        for length in 0..<recordedLink.count {
            let cut = Array(recordedLink.prefix(length))
            if length == 0 {
                #expect((try? links(cut))?.isEmpty == true)
            } else {
                #expect(throws: MalformedMessage.self) { try links(cut) }
            }
        }
    }

    @Test func `a payload cut anywhere with its length made to match`() {
        // Headers are 32 bytes; a cut between two attributes, or in the padding after one, leaves a shorter but whole message.
        var whole: Set = [32]
        var end = 32
        for attribute in [9, 8, 10, 8, 8, 8, 8, 16] {
            whole.formUnion(end + attribute...end + aligned(attribute))
            end += aligned(attribute)
        }
        for length in 16..<recordedLink.count {
            var cut = Array(recordedLink.prefix(length))
            cut[0] = UInt8(length)
            #expect(((try? links(cut)) != nil) == whole.contains(length), "\(length)")
        }
    }

    @Test func `any byte may be any value`() {
        for position in recordedLink.indices {
            for value: UInt8 in [0, 1, 3, 4, 0x7f, 0x80, 0xff] {
                var hostile = recordedLink
                hostile[position] = value
                _ = try? links(hostile)
            }
        }
    }

    @Test(arguments: [
        "00000000 1000 0000 01000000 00000000",  // a message of no length would never end
        "0f000000 1000 0000 01000000 00000000",  // shorter than its header
        "ffffffff 1000 0000 01000000 00000000",  // longer than everything
        "11000000 1000 0000 01000000 00000000",  // one byte longer than what is there
        "10000000 1000 0000 01000000 00000000 0102030405",  // rubbish after it
    ])
    func `lengths of messages are checked`(datagram: String) {
        #expect(throws: MalformedMessage.self) { try forEachMessage(in: bytes(datagram).span.bytes) { _, _ in } }
    }

    @Test(arguments: ["0000 0100", "0300 0100 00", "0900 0100 00000000", "ffff 0100 00000000", "04", "0400 0100 01"])
    func `lengths of attributes are checked`(attributes: String) {
        #expect(throws: MalformedMessage.self) { try forEachAttribute(in: bytes(attributes).span.bytes) { _, _ in } }
    }

    @Test func `flags in an attribute's type are no part of it`() throws {
        var types: [Int] = []
        try forEachAttribute(in: bytes("0400 1280 | 0400 1240").span.bytes) { type, _ in types.append(type) }
        #expect(types == [0x12, 0x12])
    }

    @Test func `success and failure`() throws {
        let header = "24000000 0200 0001 05000000 2a000000"
        let echoed = "20000000 1000 0500 05000000 00000000"
        #expect(try acknowledgement(bytes("\(header) 00000000 \(echoed)"))?.errno == 0)
        #expect(try acknowledgement(bytes("\(header) efffffff \(echoed)"))?.errno == 17)  // EEXIST
    }

    @Test func `the kernel's text after a capped request`() throws {
        let answer = try acknowledgement(
            bytes(
                """
                2c000000 0200 0003 05000000 2a000000 | eaffffff | 20000000 1000 0500 05000000 00000000
                0800 0100 4e6f2100
                """))
        #expect(answer?.errno == 22 && answer?.message == "No!")
    }

    @Test func `the kernel's text after a whole request`() throws {
        let answer = try acknowledgement(
            bytes(
                """
                34000000 0200 0002 05000000 2a000000 | eaffffff | 18000000 1000 0500 05000000 00000000
                0102030405060708 | 0800 0100 4e6f2100
                """))
        #expect(answer?.errno == 22 && answer?.message == "No!")
    }

    @Test(arguments: [
        "13000000 0200 0001 05000000 2a000000 000000",  // no room for an error number
        "24000000 0200 0001 05000000 2a000000 | 01000000 | 20000000 1000 0500 05000000 00000000",  // a positive error
        "24000000 0200 0001 05000000 2a000000 | 00000080 | 20000000 1000 0500 05000000 00000000",  // the most negative number
        "24000000 0200 0002 05000000 2a000000 | eaffffff | ff000000 1000 0500 05000000 00000000",  // echoes more than there is
        "24000000 0200 0002 05000000 2a000000 | eaffffff | 00000000 1000 0500 05000000 00000000",  // echoes less than a header
    ])
    func `hostile acknowledgements`(datagram: String) {
        #expect(throws: MalformedMessage.self) { try acknowledgement(bytes(datagram)) }
    }

    @Test func `addresses`() throws {
        let payload = bytes("02 18 80 00 02000000 | 0800 0100 0af40001 | 0800 0200 0af40002 | 0800 0800 80000000")
        let address = try InterfaceAddress(payload: payload.span.bytes)
        #expect(address == InterfaceAddress(linkIndex: 2, prefix: try #require(IPPrefix("10.244.0.2/24")), flags: 0x80))
        for hostile in [
            "02 18 80 00 02000000", "02 21 80 00 02000000 | 0800 0200 0af40002", "0a 18 80 00 02000000 | 0800 0200 0af40002",
            "02 18 80 00 02000000 | 0700 0200 0af400 00",
        ] {
            #expect(throws: MalformedMessage.self, "\(hostile)") { try InterfaceAddress(payload: bytes(hostile).span.bytes) }
        }
    }

    @Test func `routes`() throws {
        let payload = bytes(
            "02 10 00 00 fe 04 00 01 00000000 | 0800 0f00 fe000000 | 0800 0100 0a090000 | 0800 0500 0af40001 | 0800 0400 03000000")
        let route = try #require(try Route(payload: payload.span.bytes))
        #expect(route.description == "10.9.0.0/16 via 10.244.0.1 link 3")
        // Another table, another type, another family: not ours, no error.
        for other in [
            "02 10 00 00 ff 04 00 01 00000000 | 0800 0100 0a090000", "02 10 00 00 fe 04 00 06 00000000", "1c 10 00 00 fe 04 00 01 00000000",
        ] {
            #expect(try Route(payload: bytes(other).span.bytes) == nil, "\(other)")
        }
        for hostile in ["02 21 00 00 fe 04 00 01 00000000", "02 10 00 00 fe 04 00 01 00000000 | 0600 0100 0a09 0000", "02 10"] {
            #expect(throws: MalformedMessage.self, "\(hostile)") { try Route(payload: bytes(hostile).span.bytes) }
        }
    }

    @Test func `neighbours`() throws {
        let payload = bytes("02 000000 04000000 8000 00 01 | 0800 0100 0a000009 | 0a00 0200 0a580a000009 0000")
        let neighbour = try #require(try Neighbour(payload: payload.span.bytes))
        #expect(neighbour.linkIndex == 4 && neighbour.address.description == "10.0.0.9" && neighbour.isPermanent)
        #expect(neighbour.linkAddress?.description == "0a:58:0a:00:00:09")
        #expect(try Neighbour(payload: bytes("07 000000 04000000 8000 00 01").span.bytes) == nil)
        #expect(throws: MalformedMessage.self) { try Neighbour(payload: bytes("02 000000 04000000 8000 00 01").span.bytes) }
    }

    @Test func `an nftables table and its comment`() throws {
        let payload = bytes("01 00 0000 | 0600 0100 74 00 0000 | 0800 0300 00000002 | 0900 0600 00 03 686900 000000")
        let table = try NetfilterTable(payload: payload.span.bytes)
        #expect(table == NetfilterTable(name: "t", comment: "hi", uses: 2))
        #expect(throws: MalformedMessage.self) {
            try NetfilterTable(payload: bytes("01 00 0000 | 0900 0600 00 09 686900 000000").span.bytes)
        }
    }
}
