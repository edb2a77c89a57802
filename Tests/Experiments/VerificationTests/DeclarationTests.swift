import APIMachinery
import KubernetesAPI
import LinuxSystem
import Testing

@testable import Verification

/// What a manifest asks of the kernel, beside values worked out by hand from the documents.
struct DeclarationTests {
    static func pod(_ yaml: String) throws -> Pod {
        let document = try #require(try YAMLDocument.documents(parsing: Array(yaml.utf8)).first)
        var pod = try #require(Pod.decode(document.json, options: .lenient).object)
        PodDefaults.apply(to: &pod)
        return pod
    }

    /// - Parameter container: YAML in flow style.
    static func declaration(_ container: String, spec: String = "", _ change: (inout PodFacts) -> Void = { _ in }) throws -> Declaration {
        let pod = try pod(
            "{metadata: {name: p, uid: u-1}, spec: {\(spec.isEmpty ? "" : "\(spec), ")containers: [{name: c, image: i\(container.isEmpty ? "" : ", \(container)")}]}}"
        )
        var running = ContainerFacts(name: "c", pid: 1)
        running.image = ImageFacts()
        running.users = UserDatabase(passwd: "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:web:/var/www:/bin/sh\n", group: "extra:x:55:web\n")
        var facts = PodFacts(pod: pod, containers: [running])
        facts.node.memoryBytes = 8 << 30
        change(&facts)
        return Declaration(facts)
    }

    static func wanted(_ path: String, _ declaration: Declaration) -> Requirement? {
        declaration.expectations.last { $0.path == path }?.wanted
    }

    @Test(arguments: [
        ("", "1000"), ("resources: {limits: {cpu: 1, memory: 1Gi}}", "-997"), ("resources: {requests: {memory: 2Gi}}", "750"),
        ("resources: {requests: {memory: 1Mi}}", "999"), ("resources: {requests: {memory: 8Gi}}", "3"),
        ("resources: {requests: {cpu: 1m}}", "999"),
    ])
    func `oom_score_adj follows the QoS class`(container: String, expected: String) throws {
        #expect(Self.wanted("c/process/oom_score_adj", try Self.declaration(container)) == .equals(expected))
    }

    @Test(arguments: [
        ("resources: {limits: {cpu: 500m}}", "cpu.max", Requirement.equals("50000 100000")),
        ("resources: {limits: {cpu: 1m}}", "cpu.max", .equals("1000 100000")),
        ("", "cpu.max", .equals("max 100000")), ("resources: {requests: {cpu: 1}}", "cpu.weight", .oneOf(["100", "39"])),
        ("", "cpu.weight", .oneOf(["1"])),
        ("resources: {limits: {memory: 100M}}", "memory.max", .equals("99999744")), ("", "memory.max", .equals("max")),
    ])
    func `limits become values of cgroup files`(container: String, file: String, expected: Requirement) throws {
        let found = try #require(Self.wanted("c/cgroup/\(file)", try Self.declaration(container)))
        if case .oneOf(let values) = expected, case .oneOf(let others) = found { return #expect(Set(values) == Set(others)) }
        #expect(found == expected)
    }

    @Test(arguments: [
        ("", "", "0", "0", ["0"]), ("securityContext: {runAsUser: 33}", "", "33", "34", ["34", "55"]),
        ("securityContext: {runAsUser: 1000}", "securityContext: {fsGroup: 7, supplementalGroups: [8]}", "1000", "0", ["0", "7", "8"]),
        ("securityContext: {runAsUser: 33, runAsGroup: 9}", "securityContext: {supplementalGroupsPolicy: Strict}", "33", "9", ["9"]),
        ("", "securityContext: {runAsUser: 5}", "5", "0", ["0"]),
    ])
    func `who a process is`(container: String, spec: String, uid: String, gid: String, groups: [String]) throws {
        let declaration = try Self.declaration(container, spec: spec)
        #expect(Self.wanted("c/process/uid", declaration) == .equals(uid))
        #expect(Self.wanted("c/process/gid", declaration) == .equals(gid))
        guard case .sameMembers(let found)? = Self.wanted("c/process/groups", declaration) else { return #expect(Bool(false), "no groups") }
        #expect(Set(found) == Set(groups))
    }

    @Test(arguments: [("web", "33", "34"), ("web:55", "33", "55"), ("33:7", "33", "7"), ("77", "77", "0")])
    func `the image's user`(user: String, uid: String, gid: String) throws {
        let declaration = try Self.declaration("") { $0.containers[0].image?.user = user }
        #expect(Self.wanted("c/process/uid", declaration) == .equals(uid))
        #expect(Self.wanted("c/process/gid", declaration) == .equals(gid))
    }

    @Test func `root keeps what it was granted, others only the bounding set`() throws {
        let context = "capabilities: {drop: [ALL], add: [NET_ADMIN]}"
        let root = try Self.declaration("securityContext: {\(context)}")
        #expect(Self.wanted("c/capabilities/effective", root) == .sameMembers(["CAP_NET_ADMIN"]))
        let user = try Self.declaration("securityContext: {runAsUser: 5, \(context)}")
        #expect(Self.wanted("c/capabilities/effective", user) == .sameMembers([]))
        #expect(Self.wanted("c/capabilities/bounding", user) == .sameMembers(["CAP_NET_ADMIN"]))
    }

    @Test func `variables refer to earlier ones, and what is not known is only asked to be there`() throws {
        let declaration = try Self.declaration(
            "command: [sleep], env: [{name: A, value: x}, {name: B, value: \"$(A)-$$(A)-$(NOBODY)\"}, {name: C, value: \"$(A)$\"}, {name: D, valueFrom: {secretKeyRef: {name: s, key: k}}}]"
        )
        #expect(Self.wanted("c/env[A]", declaration) == .equals("x"))
        #expect(Self.wanted("c/env[B]", declaration) == .present)
        #expect(Self.wanted("c/env[C]", declaration) == .equals("x$"))
        #expect(Self.wanted("c/env[D]", declaration) == .present)
    }

    @Test(arguments: [("sh", true), ("/bin/bash", true), ("busybox", false), ("sleep", false), ("/docker-entrypoint.sh", true)])
    func `what a shell starts is its own choice`(program: String, isOpen: Bool) throws {
        let declaration = try Self.declaration("command: [\(program), x]")
        #expect((Self.wanted("c/process/exe", declaration) == nil) == isOpen)
    }

    @Test(arguments: [
        ("kernel.shm_rmid_forced", "kernel/shm_rmid_forced"), ("net/ipv4/conf/eth0.1/x", "net/ipv4/conf/eth0.1/x"),
        ("net.ipv4.conf.eth0/1.x", "net/ipv4/conf/eth0.1/x"),
    ])
    func `names of sysctls`(name: String, path: String) { #expect(Declaration.kernelPath(name) == path) }

    @Test(arguments: [(Int64(2), Int64(1), Int64(1)), (1024, 39, 100), (262_144, 10_000, 10_000), (512, 20, 59)])
    func `weights`(shares: Int64, linear: Int64, logarithmic: Int64) {
        #expect(ResourceFormula.linearWeight(shares: shares) == linear)
        #expect(ResourceFormula.logarithmicWeight(shares: shares) == logarithmic)
    }

    @Test func `limits of a process by name`() {
        let text = """
            Limit                     Soft Limit           Hard Limit           Units     
            Max cpu time              unlimited            unlimited            seconds   
            Max open files            1024                 20000                files     
            """
        #expect(ProcessLimits.parse(text) == ["Max cpu time": "unlimited unlimited", "Max open files": "1024 20000"])
    }
}

struct TestReportTests {
    static let cases = [
        TestCase(group: "g", name: "a", outcome: .passed),
        TestCase(group: "g", name: "b<", outcome: .failed("x & \"y\"\u{1}"), details: [(name: "where", value: "here")]),
        TestCase(group: "h", name: "c#", outcome: .skipped("no\nroot")),
    ]

    @Test func `JUnit`() {
        let text = TestReport.junit(Self.cases, seconds: 1)
        #expect(text.contains("tests=\"3\" failures=\"1\" skipped=\"1\""))
        #expect(text.contains("<failure message=\"x &amp; &quot;y&quot;\u{FFFD}\">where: here</failure>"))
        #expect(text.contains("name=\"b&lt;\""))
    }

    @Test func `TAP`() {
        let lines = TestReport.tap(Self.cases).split(separator: "\n")
        #expect(lines.prefix(4) == ["TAP version 14", "1..3", "ok 1 - g: a", "not ok 2 - g: b<"])
        #expect(lines.contains("  message: \"x & \\\"y\\\"\\x01\""))
        #expect(lines.contains("ok 3 - h: c\\# # SKIP no root"))
    }
}

/// What `explain --plan` says.
struct PodPlanTests {
    private static func plan(_ container: String) throws -> PodPlan {
        let pod = try DeclarationTests.pod(
            "{metadata: {name: p, uid: u-1}, spec: {initContainers: [{name: first, image: i}], containers: [{name: c, image: i, \(container)}]}}"
        )
        var facts = PodFacts(pod: pod, containers: ["first", "c"].map { ContainerFacts(name: $0, pid: 0) })
        facts.node.memoryBytes = 8 << 30
        return PodPlan(facts)
    }

    @Test func `each value stands beside its formula, and defaults are only counted`() throws {
        let plan = try Self.plan("resources: {limits: {cpu: 500m, memory: 64Mi}}, securityContext: {runAsUser: 1000}")
        #expect(plan.pod == "default/p")
        let lines = plan.text.split(separator: "\n").map(String.init)
        #expect(lines.first == "default/p: QoS class Burstable")
        #expect(lines.contains { $0.hasPrefix("    memory.max  67108864   (limits.memory in bytes") }, "\(plan.text)")
        #expect(lines.contains { $0.hasPrefix("    cpu.max  50000 100000   (limits.cpu 500m") })
        #expect(lines.contains { $0.hasPrefix("    uid  1000   (runAsUser 1000") })
        #expect(lines.contains("first") && lines.contains("c") && lines.contains("pod"))
        #expect(!plan.text.contains("cpu.idle") && plan.text.contains("defaults of the kernel"))
    }

    @Test func `programs get all of it`() throws {
        let json = try Self.plan("resources: {requests: {cpu: 1}}").json
        #expect(json["qosClass"] == "Burstable")
        let items = json["items"]?.arrayValue ?? []
        #expect(items.contains { $0["path"] == "c/cgroup/cpu.idle" && $0["default"] == true && $0["wanted"] == "0" })
        #expect(items.contains { $0["path"] == "c/cgroup/cpu.weight" && $0["default"] == false })
    }
}
