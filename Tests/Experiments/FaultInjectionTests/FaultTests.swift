import Glibc
import Netlink
import Testing

@testable import FaultInjection

@Suite struct CgroupFaultTests {
    @Test(arguments: [
        (KernelFault.freeze, [CgroupChange(file: "cgroup.freeze", value: "1", undo: "0")]),
        (.memory(highBytes: 1 << 20, maxBytes: nil), [CgroupChange(file: "memory.high", value: "1048576")]),
        (
            .memory(highBytes: 4096, maxBytes: 0),
            [CgroupChange(file: "memory.high", value: "4096"), CgroupChange(file: "memory.max", value: "0")]
        ),
        (.cpu(percent: 5), [CgroupChange(file: "cpu.max", value: "5000 100000")]),
        (.cpu(percent: 150), [CgroupChange(file: "cpu.max", value: "150000 100000")]),
        (
            .disk(readBytesPerSecond: nil, writeBytesPerSecond: 1000),
            [CgroupChange(file: "io.max", value: "8:0 wbps=1000", undo: "8:0 rbps=max wbps=max")]
        ),
        (.dns, []),
    ])
    func `a fault writes these files`(fault: KernelFault, expected: [CgroupChange]) {
        #expect(fault.cgroupChanges(device: "8:0") == expected)
    }

    @Test(arguments: [
        (NetworkFault(isPartition: true), "bfifo"), (NetworkFault(delay: .milliseconds(100)), "netem"), (NetworkFault(loss: 0.1), "netem"),
        (NetworkFault(bytesPerSecond: 1 << 20), "tbf"), (NetworkFault(delay: .seconds(1), bytesPerSecond: 1 << 20), "netem"),
    ])
    func `the discipline that every kernel has is taken where it will do`(fault: NetworkFault, kind: String) {
        #expect(fault.discipline.kind == kind)
    }

    @Test func `a controller that is not there is refused by its name`() {
        let ability = FaultAbility(cgroupRoot: "/nowhere", dataDirectory: "/")
        #expect(ability.refusal(of: .cpu(percent: 5))?.contains("the cpu controller is missing in /nowhere") == true)
        #expect(ability.refusal(of: .freeze)?.contains("/nowhere/cgroup.freeze") == true)
        #expect(ability.refusal(of: .full(volume: "x")) == nil)
    }
}

@Suite(.enabled(if: geteuid() == 0, "needs root"))
struct NetworkFaultTests {
    /// One discipline that every kernel has, and one that none has.
    @Test func `what this kernel has is tried out`() {
        #expect(FaultAbility.refusal(of: .dropsAll) == nil)
        let netem = FaultAbility.refusal(of: .netem(NetworkEmulation(delay: .milliseconds(10), loss: 0.5, bytesPerSecond: 1000)))
        #expect(netem == nil || netem?.contains("no queueing discipline netem") == true, "\(netem ?? "")")
        let bucket = FaultAbility.refusal(of: .tokenBucket(bytesPerSecond: 1000, burstBytes: 1600, queueBytes: 65536))
        #expect(bucket == nil || bucket?.contains("no queueing discipline tbf") == true, "\(bucket ?? "")")
    }

    @Test func `nothing leaves a link that drops all, and it is taken back`() throws {
        try NetworkNamespace.runApart {
            var socket = try NetlinkSocket()
            let loopback = try #require(try socket.link(.name("lo")))
            try socket.perform([
                .setLink(.index(loopback.index), LinkSettings(isUp: true)), .setQueueing(.dropsAll, ofLink: loopback.index),
            ])
            #expect(!Self.datagramArrives(milliseconds: 100))
            try socket.perform([.resetQueueing(ofLink: loopback.index)])
            #expect(Self.datagramArrives(milliseconds: 10_000))
        }
    }

    /// Whether a datagram to oneself by the loopback device arrives in time.
    private static func datagramArrives(milliseconds: Int32) -> Bool {
        let number = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(number) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(number, address, length) == 0, getsockname(number, address, &length) == 0 else { return false }
                // A queue without room tells the sender at once, or not at all.
                _ = sendto(number, "x", 1, 0, address, length)
                var waiting = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
                return poll(&waiting, 1, milliseconds) == 1
            }
        }
    }
}
