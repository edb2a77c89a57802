import Netlink
import Testing

struct IPAddressTests {
    @Test(arguments: [
        ("10.244.0.1", "10.244.0.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
        ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("fd00::1", "fd00::1"), ("FD00:0:0:0:0:0:0:1", "fd00::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),  // of two runs alike, the first
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),  // the longer
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),  // one zero group stays
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"), ("::ffff:a00:1", "::ffff:10.0.0.1"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
    ])
    func `addresses are read and written`(text: String, canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(IPAddress(canonical) == address)
        #expect(IPAddress(bytes: address.bytes) == address)
    }

    @Test(arguments: [
        "", ".", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.-4", "+1.2.3.4", " 1.2.3.4", "1.2.3.4 ", "1.2.3.1000", "1..2.3",
        ":", ":::", "1:::2", "::1::", "12345::", "g::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1.2.3", "1.2.3.4::",
        "1.2.3.4:5", "fe80::1%eth0", "[::1]", "1:", ":1", "::1:", "0x1::",
    ])
    func `what is no address is refused`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `bytes of another length are no address`() {
        for count in [0, 3, 5, 15, 17] { #expect(IPAddress(bytes: [UInt8](repeating: 1, count: count)) == nil) }
    }

    @Test(arguments: [
        ("127.0.0.1", true, false), ("128.0.0.1", false, false), ("::1", true, false), ("::2", false, false),
        ("169.254.3.4", false, true), ("169.255.0.0", false, false), ("fe80::1", false, true), ("febf::1", false, true),
        ("fec0::1", false, false),
    ])
    func `loopback and link-local`(text: String, isLoopback: Bool, isLinkLocal: Bool) throws {
        let address = try #require(IPAddress(text))
        #expect(address.isLoopback == isLoopback)
        #expect(address.isLinkLocal == isLinkLocal)
    }

    @Test func `IPv4 sorts before IPv6, then by number`() {
        let texts = ["::1", "10.0.0.10", "10.0.0.9", "fd00::"]
        #expect(texts.compactMap { IPAddress($0) }.sorted().map(\.description) == ["10.0.0.9", "10.0.0.10", "::1", "fd00::"])
    }
}

struct IPPrefixTests {
    @Test(arguments: ["10.244.0.0/24", "0.0.0.0/0", "10.1.2.3/32", "fd00::/64", "::/0", "::1/128"])
    func `prefixes are read and written`(text: String) {
        #expect(IPPrefix(text)?.description == text)
    }

    @Test(arguments: [
        "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/8/8", "/8", "::/129", "x/8",
    ])
    func `what is no prefix is refused`(text: String) {
        #expect(IPPrefix(text) == nil)
    }

    @Test(arguments: [
        ("10.244.0.0/24", "10.244.0.255", true), ("10.244.0.0/24", "10.244.1.0", false), ("10.244.0.7/24", "10.244.0.1", true),
        ("0.0.0.0/0", "1.2.3.4", true), ("10.1.2.3/32", "10.1.2.3", true), ("10.1.2.3/32", "10.1.2.2", false),
        ("0.0.0.0/0", "::1", false), ("fd00::/64", "fd00::ffff:ffff:ffff:ffff", true), ("fd00::/64", "fd00:0:0:1::", false),
        ("::/0", "fd00::", true),
    ])
    func `containment`(prefix: String, address: String, expected: Bool) throws {
        let prefix = try #require(IPPrefix(prefix))
        #expect(prefix.contains(try #require(IPAddress(address))) == expected)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.1.0.0/16", true), ("10.1.0.0/16", "10.0.0.0/8", true), ("10.1.0.0/16", "10.2.0.0/16", false),
        ("10.0.0.0/8", "fd00::/8", false),
    ])
    func `overlap`(left: String, right: String, expected: Bool) throws {
        #expect(try #require(IPPrefix(left)).overlaps(try #require(IPPrefix(right))) == expected)
    }

    @Test func `hosts are counted from the network's address`() throws {
        let prefix = try #require(IPPrefix("10.244.7.9/24"))
        #expect(prefix.network.description == "10.244.7.0/24")
        #expect(!prefix.isNetwork && prefix.network.isNetwork)
        #expect(prefix.host(2)?.description == "10.244.7.2/24")
        #expect(prefix.host(255)?.description == "10.244.7.255/24")
        #expect(prefix.host(256) == nil)
        #expect(prefix.offset(of: try #require(IPAddress("10.244.7.200"))) == 200)
        #expect(prefix.offset(of: try #require(IPAddress("10.244.8.0"))) == nil)
        let six = try #require(IPPrefix("fd00::/64"))
        #expect(six.host(258)?.description == "fd00::102/64")
    }

    @Test func `all addresses of a network`() throws {
        let four = try #require(IPPrefix("10.0.0.5/30"))
        #expect(four.addresses.map(\.description) == ["10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7"])
        #expect(Array(try #require(IPPrefix("255.255.255.254/31")).addresses).count == 2)
        #expect(Array(try #require(IPPrefix("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127")).addresses).count == 2)
        #expect(Array(try #require(IPPrefix("::/0")).addresses.prefix(3)).count == 3)
    }
}

struct MACAddressTests {
    @Test func `read, written, derived`() throws {
        #expect(MACAddress("0a:58:0A:f4:00:02")?.description == "0a:58:0a:f4:00:02")
        #expect(MACAddress(for: try #require(IPAddress("10.244.0.2"))).description == "0a:58:0a:f4:00:02")
        #expect(MACAddress(for: try #require(IPAddress("fd00::1:2"))).description == "0a:58:00:01:00:02")
        for text in [
            "", "0a:58:0a:f4:00", "0a:58:0a:f4:00:02:03", "a:58:0a:f4:00:02", "+a:58:0a:f4:00:02", "0g:58:0a:f4:00:02", "0a-58-0a-f4-00-02",
        ] {
            #expect(MACAddress(text) == nil, "\(text)")
        }
    }
}
