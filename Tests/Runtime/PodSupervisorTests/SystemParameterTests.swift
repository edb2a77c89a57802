import SupervisorAPI
import Testing

@testable import PodSupervisor

struct SystemParameterTests {
    @Test(
        arguments: [
            ("net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward", NamespaceKinds.network),
            ("net/ipv4/conf/eth0.100/forwarding", "/proc/sys/net/ipv4/conf/eth0.100/forwarding", .network),
            ("net.ipv4.conf.eth0/100.forwarding", "/proc/sys/net/ipv4/conf/eth0.100/forwarding", .network),
            ("kernel.shmmax", "/proc/sys/kernel/shmmax", .ipc),
            ("kernel.msgmni", "/proc/sys/kernel/msgmni", .ipc), ("kernel.sem", "/proc/sys/kernel/sem", .ipc),
            ("fs.mqueue.msg_max", "/proc/sys/fs/mqueue/msg_max", .ipc),
            ("kernel.panic", "/proc/sys/kernel/panic", nil), ("vm.swappiness", "/proc/sys/vm/swappiness", nil),
            ("kernel.semaphore", "/proc/sys/kernel/semaphore", nil),
        ] as [(String, String, NamespaceKinds?)])
    func `a parameter has a path and a namespace`(name: String, path: String, namespace: NamespaceKinds?) throws {
        let parameter = try #require(SystemParameter(Array(name.utf8)))
        #expect(String(decoding: parameter.path.bytes, as: UTF8.self) == path)
        #expect(parameter.namespace == namespace)
    }

    @Test(arguments: ["", "net..x", ".net", "net.", "net/../kernel/panic", "net/./x", "net.ipv4./", "../x"])
    func `a name that leaves its place is none`(name: String) {
        #expect(SystemParameter(Array(name.utf8))?.namespace == nil)
    }

    @Test func `id mappings are written as the kernel reads them`() {
        let lines = NamespaceCreation.mapLines([
            IDMapping(inside: 0, outside: 100_000, count: 1000), IDMapping(inside: 1000, outside: 1, count: 1),
        ])
        #expect(String(decoding: lines.bytes, as: UTF8.self) == "0 100000 1000\n1000 1 1\n")
    }

    @Test(arguments: [
        ("-998\n", Int64?(-998)), ("0", 0), ("1000", 1000), ("", nil), ("-", nil), ("x", nil), ("12345678901", nil), ("1-", nil),
    ])
    func `small numbers of control files are read`(text: String, expected: Int64?) {
        #expect(Text.number(Array(text.utf8)[...]) == expected)
    }
}
