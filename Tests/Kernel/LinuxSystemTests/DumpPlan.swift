import Glibc
import LinuxSystem
import Testing

@Test(.enabled(if: getenv("DUMP_PLAN") != nil)) func dumpPlan() throws {
    var plan = ProcessPlan(cloneFlags: [.mount, .pid, .ipc, .uts, .cgroup])
    let standard = Standard.inputs(&plan)
    plan.cgroup = plan.input("cgroup")
    let net = plan.input("net")
    plan.setNamespaces(net, .network)
    plan.propagation(.private)
    let dir = "/tmp/sysbench"
    let rootfs = plan.mountDetached(
        type: "overlay", source: "overlay",
        options: ["lowerdir=/tmp/sysrootfs", .text("upperdir=\(dir)/u"), .text("workdir=\(dir)/w"), "volatile"])
    plan.root(detached: rootfs)
    let container = ContainerPlan()
    container.mounts(&plan)
    if getenv("DUMP_MASK") != nil {
        for path in container.maskedPaths { plan.mask(path) }
        for path in container.readOnlyPaths { plan.readOnly(path) }
    }
    plan.pivotRoot()
    plan.setSID()
    plan.standard(standard)
    plan.hostname("box")
    plan.rlimit(ResourceLimit(.openFiles, soft: 512, hard: 1024))
    plan.oomScoreAdj(500)
    plan.umask(0o022)
    plan.boundingSet(.containerDefault)
    plan.changeDirectory("/", create: true)
    plan.groups([])
    plan.gid(0)
    plan.uid(0)
    plan.capabilities(CapabilitySets(container: .containerDefault))
    plan.noNewPrivileges()
    let clock = ContinuousClock()
    let took = try clock.measure { _ = try SeccompFilter.runtimeDefault(capabilities: .containerDefault) }
    let filter = try SeccompFilter.runtimeDefault(capabilities: .containerDefault)
    plan.seccomp(filter)
    plan.exec(arguments: ["true"], environment: ["PATH=/bin"], candidates: ["/bin/true"])
    let bytes = try plan.encoded()
    print("compile", took, "encode", try clock.measure { _ = try plan.encoded() }, "insns", filter.instructions.count / 8, "plan", bytes.count, "ops", plan.operationCount)
    let fd = open(String(cString: getenv("DUMP_PLAN")), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    _ = bytes.withUnsafeBytes { write(fd, $0.baseAddress, $0.count) }
    close(fd)
}
