import Glibc
import Testing

@testable import Cgroups

struct CgroupParsingTests {
    @Test func `pressure with and without its full line`() throws {
        let both = try #require(
            PressureStall(
                parsing:
                    "some avg10=1.50 avg60=0.25 avg300=0.00 total=12345\nfull avg10=0.00 avg60=0.00 avg300=100.00 total=7\n"
            ))
        #expect(both.some == .init(average10: 1.5, average60: 0.25, average300: 0, totalMicroseconds: 12345))
        #expect(both.full == .init(average10: 0, average60: 0, average300: 100, totalMicroseconds: 7))
        let some = try #require(PressureStall(parsing: "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"))
        #expect(some.full == nil)
    }

    @Test(arguments: [
        "", "full avg10=0.00 avg60=0.00 avg300=0.00 total=0", "some avg10=0.00",
        "some avg10=x avg60=0 avg300=0 total=0",
    ])
    func `text that is no pressure`(text: String) {
        #expect(PressureStall(parsing: text) == nil)
    }

    @Test(arguments: [
        ("populated 1\nfrozen 0\n", true, false), ("populated 0\nfrozen 1\n", false, true), ("", false, false),
    ])
    func `cgroup events`(text: String, populated: Bool, frozen: Bool) {
        #expect(CgroupEvents(parsing: text) == CgroupEvents(populated: populated, frozen: frozen))
    }

    @Test func `io stat, device by device`() {
        let text =
            "8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0\n8:0\n253:1 rbytes=1 wbytes=2 rios=3 wios=4\nx:y rbytes=1\n"
        #expect(
            IOStatistics.parse(text) == [
                IOStatistics(
                    major: 8, minor: 16, readBytes: 1_459_200, writtenBytes: 314_773_504, readOperations: 192,
                    writeOperations: 353),
                IOStatistics(
                    major: 253, minor: 1, readBytes: 1, writtenBytes: 2, readOperations: 3, writeOperations: 4),
            ])
    }

    @Test func `pids, with a limit and without`() {
        let limited = PidsStatistics(current: "3\n", limit: "10\n", peak: "4\n", events: "max 2\n")
        #expect(limited.current == 3 && limited.limit == 10 && limited.peak == 4 && limited.refused == 2)
        #expect(PidsStatistics(current: "0\n", limit: "max\n", peak: nil, events: "").limit == nil)
    }

    @Test(
        arguments: [
            ("cpuset cpu io memory hugetlb pids rdma misc\n", .all, "+cpu +memory +pids +io +cpuset +hugetlb"),
            ("hugetlb\n", .hugetlb, "+hugetlb"), ("\n", [], ""), ("cpuset cpu", [.cpu, .cpuset], "+cpu +cpuset"),
        ] as [(String, CgroupControllers, String)])
    func `the words of cgroup controllers`(text: String, controllers: CgroupControllers, enabling: String) {
        #expect(CgroupControllers(parsing: text) == controllers)
        #expect(controllers.enabling == enabling)
    }

    @Test(arguments: [0, 1, 4095, 4096, 4097, 20_000])
    func `files are read to their end`(length: Int) throws {
        var template = Array("/tmp/swiftlet-test-XXXXXX".utf8CString)
        let fd = mkstemp(&template)
        try #require(fd >= 0)
        defer { close(fd) }
        unlink(template)
        let text = String((0..<length).map { "\($0 % 10)".first! })
        #expect(write(fd, text, length) == length)
        #expect(try readText(fd) == text)
        #expect(try readText(fd) == text, "and again from the start")
    }

    @Test(
        arguments: [
            ("memory.max", .memory), ("cpu.max", .cpu), ("cpuset.cpus", .cpuset), ("hugetlb.2MB.max", .hugetlb),
            ("cgroup.freeze", nil), ("misc.max", nil),
        ] as [(String, CgroupController?)])
    func `the controller of a file`(file: String, controller: CgroupController?) {
        #expect(CgroupController(file: file) == controller)
    }

    @Test(
        arguments: [
            (.guaranteed, nil, "kubepods/pod1-2"), (.burstable, nil, "kubepods/burstable/pod1-2"),
            (.bestEffort, nil, "kubepods/besteffort/pod1-2"), (.burstable, "web", "kubepods/burstable/pod1-2/web"),
        ] as [(PodQOS, String?, String)])
    func `where a pod's cgroup is`(qos: PodQOS, container: String?, path: String) {
        #expect(KubepodsLayout.path(qos, podUID: "1-2", container: container) == path)
    }

    @Test(arguments: [
        ("a", true), ("pod1.2", true), ("", false), (".", false), ("..", false), ("a/b", false), ("/", false),
        ("a\0b", false),
    ])
    func `names that stay below their parent`(name: String, isComponent: Bool) {
        #expect(Cgroup.isComponent(name) == isComponent)
    }
}
