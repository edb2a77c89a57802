import CRI
import Cgroups
import LinuxSystem
import Testing

@testable import ContainerRuntime

/// Values that no field of a pod has and a CRI client can give (cpuset, `unified`), and huge pages: read from the kernel's files where the
/// machine has the controller (`make test` runs this suite in the VM too), else from the report of what could not be set.
@Suite(.enabled(if: RuntimeFixture.isPossible), .serialized) struct ResourceTests {
    /// A running container's own cgroup, and what of its resources was reported.
    private func withContainer(
        _ resources: LinuxContainerResources,
        _ body: (_ fixture: RuntimeFixture, _ id: String, _ cgroup: String, _ unenforced: [String]) async throws -> Void
    ) async throws {
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let id = try await fixture.start(["/bin/sleep", "1000"], in: sandbox, pod) { $0.resources = resources }
        let status = try await fixture.runtime.containerStatus(id)
        let cgroup = "\(fixture.configuration.cgroups.absolutePath(root: fixture.configuration.cgroupRoot))/\(pod.linux.cgroupParent)/\(id)"
        try await body(fixture, id, cgroup, status.unenforced)
        try await fixture.expectClean()
    }

    private func has(_ controller: CgroupController, _ cgroup: String) throws -> Bool {
        try Files.readText("\(cgroup)/cgroup.controllers").split(whereSeparator: \.isWhitespace).contains { $0 == controller.rawValue }
    }

    /// What the kernel has in these files, or that each of them was reported as missing.
    private func check(_ values: [String: String], of controller: CgroupController, _ cgroup: String, _ unenforced: [String]) throws {
        guard try has(controller, cgroup) else {
            for file in values.keys {
                #expect(
                    unenforced.contains { $0.hasPrefix("\(file) \"") && $0.contains("controller \(controller.rawValue) is not available") })
            }
            return
        }
        #expect(unenforced.filter { line in values.keys.contains { line.hasPrefix("\($0) ") } } == [])
        for (file, value) in values { #expect(try Files.readText("\(cgroup)/\(file)") == value + "\n", "\(file)") }
    }

    @Test func `processors and memory nodes`() async throws {
        var resources = LinuxContainerResources()
        (resources.cpusetCPUs, resources.cpusetMems) = ("0", "0")
        try await withContainer(resources) { fixture, id, cgroup, unenforced in
            try check(["cpuset.cpus": "0", "cpuset.mems": "0"], of: .cpuset, cgroup, unenforced)
            guard try has(.cpuset, cgroup) else { return }
            let pid = try await fixture.runtime.containerStatus(id).pid
            let status = try Files.readText("/proc/\(pid)/status").split(separator: "\n")
            for field in ["Cpus_allowed_list", "Mems_allowed_list"] { #expect(status.contains("\(field):\t0")) }
        }
    }

    @Test func `a processor that the machine does not have is named`() async throws {
        var resources = LinuxContainerResources()
        resources.cpusetCPUs = "8191"
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let root = try Files.readText("\(fixture.configuration.cgroups.mountPoint)/cgroup.controllers")
        if root.split(whereSeparator: \.isWhitespace).contains("cpuset") {
            let error = await #expect(throws: RuntimeError.self) {
                _ = try await fixture.start(["/bin/true"], in: sandbox, pod) { $0.resources = resources }
            }
            #expect(error?.description.contains("write \"8191\" to ") == true && error?.description.contains("/cpuset.cpus: ") == true)
        }
        try await fixture.expectClean()
    }

    @Test func `bytes and operations of a disk, by the names of cgroup v2`() async throws {
        let disk = try #require(try Self.disk(), "this machine has no disk")
        var resources = LinuxContainerResources()
        resources.unified = ["io.max": "\(disk) rbps=1048576 wbps=2097152 riops=100 wiops=max"]
        try await withContainer(resources) { fixture, id, cgroup, unenforced in
            try check(["io.max": "\(disk) rbps=1048576 wbps=2097152 riops=100 wiops=max"], of: .io, cgroup, unenforced)
            guard try has(.io, cgroup) else { return }
            resources.unified = ["io.max": "\(disk) rbps=max wbps=max riops=max wiops=300"]
            try await fixture.runtime.updateContainerResources(id, resources)
            #expect(try Files.readText("\(cgroup)/io.max") == "\(disk) rbps=max wbps=max riops=max wiops=300\n")
        }
    }

    @Test func `huge pages, mapped and reserved`() async throws {
        var resources = LinuxContainerResources()
        resources.hugepageLimits = [.init(pageSize: "2MB", limit: 4 << 20)]
        try await withContainer(resources) { _, _, cgroup, unenforced in
            let files = ["hugetlb.2MB.max", "hugetlb.2MB.rsvd.max"]
            try check(Dictionary(uniqueKeysWithValues: files.map { ($0, "\(4 << 20)") }), of: .hugetlb, cgroup, unenforced)
        }
    }

    @Test(arguments: [("cgroup.procs", "1"), ("../io.max", "x"), ("nothing", "1")])
    func `what is no controller's file is refused`(file: String, value: String) async throws {
        var resources = LinuxContainerResources()
        resources.unified = [file: value]
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let error = await #expect(throws: RuntimeError.self) {
            _ = try await fixture.start(["/bin/true"], in: sandbox, pod) { $0.resources = resources }
        }
        #expect(error?.description.contains("unified \"\(file)\" is not the name of a controller's file") == true)
        try await fixture.expectClean()
    }

    /// `MAJOR:MINOR` of a whole disk, which io.max wants.
    private static func disk() throws -> String? {
        try Files.names(in: "/sys/block").sorted().filter { !$0.hasPrefix("loop") && !$0.hasPrefix("ram") }.first.map {
            String(try Files.readText("/sys/block/\($0)/dev").prefix { $0 != "\n" })
        }
    }
}
