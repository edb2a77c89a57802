import Netlink
import Testing

@testable import PodNetwork

struct InstanceNamesTests {
    @Test func `names fit the kernel and lead back to the host number`() {
        let names = InstanceNames(instance: "default")
        for value: UInt16 in [2, 254, 255, 256, 65533] {
            let number = HostNumber(rawValue: value)
            #expect(names.hostLink(number).utf8.count == 15)
            #expect(names.hostNumber(ofLink: names.hostLink(number)) == number)
        }
        #expect(names.bridge.utf8.count == 12 && names.bridge.hasPrefix("swl-"))
        #expect(names.group != 0)
    }

    @Test func `instances do not share names`() {
        let (one, two) = (InstanceNames(instance: "a"), InstanceNames(instance: "b"))
        #expect(one.bridge != two.bridge && one.table != two.table && one.group != two.group)
        #expect(two.hostNumber(ofLink: one.hostLink(.gateway)) == nil)
    }

    @Test func `other links are not taken for a pod's`() {
        let names = InstanceNames(instance: "default")
        let prefix = String(names.hostLink(.gateway).dropLast(4))
        for name in ["", "lo", names.bridge, prefix, prefix + "1", prefix + "00001", prefix + "00g1", prefix + "+001", prefix + "00AB"] {
            #expect(names.hostNumber(ofLink: name) == nil, "\(name)")
        }
    }
}

struct AddressPlanTests {
    private func plan(_ cidrs: String...) throws -> AddressPlan {
        try AddressPlan(cidrs.map { try #require(IPPrefix($0)) })
    }

    @Test func `numbers become addresses`() throws {
        let plan = try plan("10.244.0.0/24")
        #expect(plan.hosts == 2...254)
        #expect(plan.gateways.map(\.description) == ["10.244.0.1/24"])
        let number = HostNumber(rawValue: 7)
        #expect(plan.addresses(number).map(\.description) == ["10.244.0.7/24"])
        #expect(plan.mac(number).description == "0a:58:0a:f4:00:07")
        #expect(plan.number(of: plan.primary(number)) == number)
    }

    @Test func `two families share the number`() throws {
        let plan = try plan("10.244.0.0/24", "fd00::/64")
        #expect(plan.addresses(HostNumber(rawValue: 16)).map(\.description) == ["10.244.0.16/24", "fd00::10/64"])
        #expect(plan.gateways.map(\.description) == ["10.244.0.1/24", "fd00::1/64"])
    }

    @Test(arguments: [("10.0.0.0/30", 2), ("10.0.0.0/16", 65534), ("10.0.0.0/8", 65534), ("fd00::/64", 65534)])
    func `the last number`(cidr: String, last: UInt16) throws {
        #expect(try plan(cidr).hosts == 2...last)
    }

    @Test(arguments: ["10.244.0.0", "10.244.0.1", "10.244.0.255", "10.245.0.2", "fd00::2"])
    func `addresses that no pod can have`(text: String) throws {
        #expect(try plan("10.244.0.0/24").number(of: try #require(IPAddress(text))) == nil)
    }

    @Test(arguments: [
        ([], "pod CIDR: none given: must be one IPv4 or IPv6 network"),
        (["10.0.0.0/24", "10.1.0.0/24"], "pod CIDR: 10.0.0.0/24,10.1.0.0/24: must be at most one network of each family"),
        (["10.0.0.0/31"], "pod CIDR: 10.0.0.0/31: must be a network with room for the gateway and a pod, such as 10.244.0.0/24"),
        (["0.0.0.0/8"], "pod CIDR: 0.0.0.0/8: must be a network with room for the gateway and a pod, such as 10.244.0.0/24"),
        (["10.0.0.0/16", "fd00::/120"], "pod CIDR: 10.0.0.0/16,fd00::/120: must be the second network at least as large as the first"),
    ])
    func `plans that cannot work`(cidrs: [String], message: String) throws {
        let prefixes = try cidrs.map { try #require(IPPrefix($0)) }
        #expect { try AddressPlan(prefixes) } throws: { "\($0)" == message }
    }
}

struct ReservationTests {
    @Test(arguments: [Reservation.sandbox("a.b_c-1"), .ready(process: 17), .releasing])
    func `a reservation is read back`(reservation: Reservation) {
        #expect(Reservation(reservation.description) == reservation)
    }

    @Test(arguments: ["", "sandbox", "ready:", "ready:x", "releasing", "releasing:x", "other:x"])
    func `rubbish is no reservation`(text: String) {
        #expect(Reservation(text) == nil)
    }
}

struct NATRulesTests {
    @Test func `tables that drop forwarded packets are found`() {
        let listing = """
            table ip filter {
            \tchain INPUT {
            \t\ttype filter hook input priority filter; policy drop;
            \t}
            \tchain FORWARD {
            \t\ttype filter hook forward priority filter; policy drop;
            \t}
            }
            table inet swl-1 {
            \tchain forward {
            \t\ttype filter hook forward priority filter; policy accept;
            \t}
            }
            table inet firewalld {
            \tchain f {
            \t\ttype filter hook forward priority filter + 10; policy drop;
            \t}
            }
            """
        #expect(NATRules.tablesDroppingForwarded(listing) == ["ip filter", "inet firewalld"])
        #expect(NATRules.tablesDroppingForwarded("") == [])
    }
}
