import CCap
import Glibc
import LinuxSystem
import Testing

@Suite struct CapabilitySetTests {
    @Test func `names and numbers are libcap's`() throws {
        for number in 0..<cap_max_bits() {
            guard let text = cap_to_name(number) else { continue }
            defer { cap_free(text) }
            let name = String(cString: text)
            guard name.hasPrefix("cap_") else { continue }  // younger than this libcap
            #expect(CapabilitySet(name: name) == CapabilitySet(rawValue: 1 << UInt64(number)))
            #expect(CapabilitySet(rawValue: 1 << UInt64(number)).names == [name.uppercased()])
        }
    }

    @Test(arguments: [("NET_ADMIN", 12), ("CAP_NET_ADMIN", 12), ("cap_net_admin", 12), ("chown", 0), ("CHECKPOINT_RESTORE", 40)])
    func `a name is read with and without its prefix`(name: String, number: UInt64) {
        #expect(CapabilitySet(name: name) == CapabilitySet(rawValue: 1 << number))
    }

    @Test(arguments: ["", "CAP_", "ALL", "NET", "CAP_CAP_CHOWN"]) func `other names are none`(name: String) {
        #expect(CapabilitySet(name: name) == nil)
    }

    @Test func `the default set is that of container runtimes`() {
        #expect(CapabilitySet.containerDefault.rawValue == 0xa80425fb)
        #expect(CapabilitySet.all.isSuperset(of: .containerDefault))
        let last = (try? Files.readText("/proc/sys/kernel/cap_last_cap")).flatMap { Int($0.prefix { $0 != "\n" }) }
        #expect(CapabilitySet.all.names.count == (last ?? -1) + 1)
    }
}
