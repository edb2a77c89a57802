import Glibc
import LinuxSystem
import Testing

@testable import Netlink

/// What is sent, byte by byte, on a little-endian machine.
struct MessageBodyTests {
    private func encoded(_ request: NetlinkRequest) -> String {
        hexadecimal(request.encoded(sequence: 1, adding: 4))  // NLM_F_ACK
    }

    private func expect(_ request: NetlinkRequest, _ expected: String) {
        #expect(encoded(request) == hexadecimal(bytes(expected)))
    }

    @Test func `a link is set up by index`() {
        expect(
            .setLink(.index(2), LinkSettings(isUp: true)),
            "20000000 1000 0500 01000000 00000000 | 00 00 0000 02000000 01000000 01000000")
    }

    @Test func `a link is selected by name, and strings end with a zero and padding`() {
        expect(
            .setLink(.name("eth0"), LinkSettings(mtu: 1400)),
            """
            34000000 1000 0500 01000000 00000000 | 00 00 0000 00000000 00000000 00000000
            0900 0300 65746830 00 000000 | 0800 0400 78050000
            """)
    }

    @Test func `an address goes into both attributes`() throws {
        expect(
            .addAddress(try #require(IPPrefix("10.244.0.2/24")), toLink: 2),
            """
            28000000 1400 0506 01000000 00000000 | 02 18 00 00 02000000
            0800 0200 0af40002 | 0800 0100 0af40002
            """)
    }

    @Test func `an IPv6 address skips duplicate address detection`() throws {
        expect(
            .addAddress(try #require(IPPrefix("fd00::2/64")), toLink: 2),
            """
            40000000 1400 0506 01000000 00000000 | 0a 40 02 00 02000000
            1400 0200 fd000000000000000000000000000002 | 1400 0100 fd000000000000000000000000000002
            """)
    }

    @Test func `a default route has no destination`() throws {
        expect(
            .addRoute(.default(via: try #require(IPAddress("10.244.0.1")), linkIndex: 2)),
            """
            2c000000 1800 0506 01000000 00000000 | 02 00 00 00 fe 04 00 01 00000000
            0800 0500 0af40001 | 0800 0400 02000000
            """)
    }

    @Test func `a route without gateway has link scope and no host bits`() throws {
        expect(
            .addRoute(Route(to: try #require(IPPrefix("10.9.9.9/16")), linkIndex: 3)),
            """
            2c000000 1800 0506 01000000 00000000 | 02 10 00 00 fe 04 fd 01 00000000
            0800 0100 0a090000 | 0800 0400 03000000
            """)
    }

    @Test func `a veth carries its peer with the namespace inside`() {
        let namespace = OwnedFD(adopting: dup(0))
        let descriptor = hexadecimal(nativeBytes(namespace.rawValue))
        let request = NetlinkRequest.addVeth(
            LinkSettings(name: "h", isUp: true, master: 3), peer: LinkSettings(name: "eth0"), in: namespace)
        expect(
            request,
            """
            6c000000 1000 0d06 01000000 00000000 | 00 00 0000 00000000 01000000 01000000
            0600 0300 68 00 0000 | 0800 0a00 03000000
            3c00 1200
              0900 0100 76657468 00 000000
              2c00 0200
                2800 0100 | 00 00 0000 00000000 00000000 00000000
                  0900 0300 65746830 00 000000
                  0800 1c00 \(descriptor)
            """)
    }

    @Test func `a neighbour is permanent`() throws {
        expect(
            .setNeighbour(try #require(IPAddress("10.0.0.9")), try #require(MACAddress("0a:58:0a:00:00:09")), onLink: 4),
            """
            30000000 1c00 0505 01000000 00000000 | 02 000000 04000000 8000 00 00
            0800 0100 0a000009 | 0a00 0200 0a580a000009 0000
            """)
    }
}
