import Glibc
import LinuxSystem
import SupervisorAPI
import Testing

@Suite(.enabled(if: geteuid() == 0, "makes namespaces"), .timeLimit(.minutes(2)))
struct SupervisorNamespaceTests {
    private func create(_ client: TestClient, _ request: CreateNamespacesRequest, descriptors: [CInt] = []) throws -> [DescriptorBox] {
        try client.send(.createNamespaces, request, descriptors: descriptors)
        let reply = try client.receive()
        #expect(try reply.decode(NamespacesReply.self).kinds == request.create.union(request.passed))
        return reply.descriptors
    }

    /// What a command prints inside the namespaces.
    private func run(_ supervisor: SupervisorProcess, in namespaces: [(DescriptorBox, CloneFlags)], _ command: String) throws -> [String] {
        var plan = ProcessPlan()
        let slots = namespaces.indices.map { plan.input("namespace \($0)") }
        let streams = ["stdin", "stdout", "stderr"].map { plan.input($0) }
        for (index, slot) in slots.enumerated() { plan.setNamespaces(slot, namespaces[index].1) }
        for (number, slot) in streams.enumerated() { plan.duplicate(slot, onto: CInt(number)) }
        plan.exec(arguments: ["sh", "-c", command], environment: ["PATH=/usr/bin:/bin"], candidates: ["/bin/sh"])
        let log = OutputTarget.log(LogTarget(path: Array((supervisor.directory.path + "/run.log").utf8), maxSizeBytes: 0, maxFiles: 0))
        unlink(supervisor.directory.path + "/run.log")
        let request = StartProcessRequest(id: Array("run".utf8), kind: .exec, output: log, plan: try plan.encoded())
        try supervisor.client.start(request, descriptors: namespaces.map { $0.0.fd.rawValue })
        _ = try supervisor.client.wait("run")
        try supervisor.client.call(.remove, ProcessRequest(id: Array("run".utf8)))
        return withoutTimes(supervisor.directory.text("run.log")).map { String($0.dropFirst(9)) }
    }

    private func ownNamespaces(_ pid: Int32) -> [String] {
        ["net", "ipc", "uts", "user"].map { (try? LinuxSystem.Files.linkTarget("/proc/\(pid)/ns/\($0)")) ?? "" }
    }

    private static func parameter(_ name: String, _ value: String) -> KernelParameter {
        KernelParameter(name: Array(name.utf8), value: Array(value.utf8))
    }

    @Test func `namespaces are made, named, tuned and kept, and the supervisor stays where it was`() throws {
        let supervisor = try SupervisorProcess()
        let before = ownNamespaces(supervisor.pid)
        let request = CreateNamespacesRequest(
            create: [.network, .ipc, .uts], hostname: Array("web-0".utf8), domainname: Array("example.org".utf8),
            parameters: [
                Self.parameter("net.ipv4.ip_forward", "1"), Self.parameter("kernel.shmmni", "123"),
                Self.parameter("fs.mqueue.msg_max", "77"),
            ])
        let made = try create(supervisor.client, request)
        #expect(ownNamespaces(supervisor.pid) == before)
        let output = try run(
            supervisor, in: [(made[0], .network), (made[1], .ipc), (made[2], .uts)],
            "hostname; cat /proc/sys/kernel/domainname /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni")
        #expect(output == ["web-0", "example.org", "1", "123"])
        #expect(try LinuxSystem.Files.readText("/proc/sys/kernel/shmmni") != "123\n")
        // Another client gets the same ones.
        let other = try supervisor.connect()
        try other.send(.namespaces, EmptyBody())
        let again = try other.receive().descriptors
        #expect(try again.map { try identity($0) } == made.map { try identity($0) })
        #expect(throws: Refusal.self) { try supervisor.client.call(.createNamespaces, request, NamespacesReply.self) }
    }

    private func identity(_ box: DescriptorBox) throws -> UInt64 {
        var status = stat()
        try #require(fstat(box.fd.rawValue, &status) == 0)
        return UInt64(status.st_ino)
    }

    @Test func `a user namespace owns the others and its parameters are written all the same`() throws {
        let supervisor = try SupervisorProcess()
        let map = [IDMapping(inside: 0, outside: 100_000, count: 65_536)]
        let request = CreateNamespacesRequest(
            create: [.network, .ipc, .uts, .user], hostname: Array("u".utf8), uidMappings: map, gidMappings: map,
            parameters: [Self.parameter("net.ipv4.ip_unprivileged_port_start", "0"), Self.parameter("kernel.msgmni", "99")])
        let made = try create(supervisor.client, request)
        for box in made[..<3] {
            let owner = OwnedFD(adopting: ioctl(box.fd.rawValue, 0xb701))  // NS_GET_USERNS
            #expect(try identity(DescriptorBox(owner)) == identity(made[3]))
        }
        let output = try run(
            supervisor, in: [(made[0], .network), (made[1], .ipc), (made[2], .uts), (made[3], .user)],
            "cat /proc/self/uid_map | tr -s ' '; hostname; cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/msgmni")
        #expect(output == [" 0 100000 65536", "u", "0", "99"])
        let children = try LinuxSystem.Files.readText("/proc/\(supervisor.pid)/task/\(supervisor.pid)/children")
        #expect(children.isEmpty, "the process that held them is gone")
    }

    @Test func `what is passed is kept`() throws {
        let supervisor = try SupervisorProcess()
        let network = try OwnedFD.namespace(.network, of: nil)
        let file = try MemoryFile.make([], name: "shm")
        let made = try create(
            supervisor.client, CreateNamespacesRequest(create: [.uts], passed: [.network, .sharedMemory]),
            descriptors: [network.rawValue, file.rawValue])
        #expect(made.count == 3)
        #expect(try identity(made[0]) == identity(DescriptorBox(try network.duplicate())))
        #expect(try identity(made[2]) == identity(DescriptorBox(try file.duplicate())))
    }

    @Test(arguments: [
        ("kernel.panic", "1", "sysctl kernel.panic is not a parameter of the pod's own namespaces"),
        ("kernel.shmmni", "1", "sysctl kernel.shmmni is not a parameter of the pod's own namespaces"),
        ("net.ipv4.no_such", "1", "set sysctl net.ipv4.no_such=1"), ("net.ipv4.ip_forward", "x", "set sysctl net.ipv4.ip_forward=x"),
    ])
    func `a parameter that cannot be set is named`(name: String, value: String, detail: String) throws {
        let supervisor = try SupervisorProcess()
        let before = ownNamespaces(supervisor.pid)
        let descriptors = supervisor.openDescriptors
        let refusal = #expect(throws: Refusal.self) {
            try supervisor.client.call(
                .createNamespaces, CreateNamespacesRequest(create: [.network], parameters: [Self.parameter(name, value)]),
                NamespacesReply.self)
        }
        #expect(refusal.map { String(decoding: $0.detail, as: UTF8.self) } == detail)
        #expect(refusal?.errorNumber != 0)
        #expect(ownNamespaces(supervisor.pid) == before && supervisor.openDescriptors == descriptors)
    }
}
