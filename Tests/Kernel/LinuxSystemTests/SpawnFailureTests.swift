import CLinux
import Glibc
import LinuxSystem
import Testing

@Suite(.enabled(if: RootFixture.canRun), .serialized)
struct SpawnFailureTests {
    typealias Build = @Sendable (inout ProcessPlan) -> Void

    static let cases: [(Build, String)] = [
        ({ $0.mount(type: "nosuchfs", target: "/mnt", onHost: true) }, "mount nosuchfs on /mnt: fsopen: No such device"),
        (
            { $0.mount(type: "tmpfs", target: "/mnt", options: ["size=x"], onHost: true) },
            "mount tmpfs on /mnt: fsconfig: tmpfs: Bad value for 'size': Invalid argument"
        ),
        (
            { $0.mount(type: "tmpfs", target: "/no/such", onHost: true) },
            "mount tmpfs on /no/such: open target: /no/such: No such file or directory"
        ),
        (
            { $0.bind(source: .path("/no/such"), target: "/mnt", onHost: true) },
            "mount /no/such on /mnt: open_tree: /no/such: No such file or directory"
        ),
        ({ $0.root("/no/such") }, "use /no/such as the root: open target: /no/such: No such file or directory"),
        ({ $0.write("/proc/sys/no/such", value: "1") }, "write \"1\" to /proc/sys/no/such: open: No such file or directory"),
        ({ $0.changeDirectory("/no/such") }, "chdir to /no/such: chdir: /no/such: No such file or directory"),
        (
            { $0.hostname(String(repeating: "x", count: 100)) },
            "set hostname \"\(String(repeating: "x", count: 100))\": sethostname: Invalid argument"
        ),
        ({ $0.close($0.open("/no/such", flags: O_RDONLY)) }, "open /no/such: open: /no/such: No such file or directory"),
        ({ $0.setNamespaces(Slot.unfilled(&$0), .network) }, "join namespaces (network): setns: Bad file descriptor"),
    ]

    @Test(arguments: cases.indices)
    func `a failure names the operation, the call and the reason`(index: Int) throws {
        let (build, expected) = Self.cases[index]
        var plan = ProcessPlan(cloneFlags: [.mount, .uts])
        plan.propagation(.private)
        build(&plan)
        plan.exec(arguments: ["true"], environment: [], candidates: ["/bin/true"])
        let failure = #expect(throws: SpawnFailure.self) { _ = try spawn(try plan.encoded(), descriptors: []) }
        #expect(failure?.description(in: plan) == expected)
    }

    @Test func `a failed clone has no operation`() throws {
        var plan = ProcessPlan()
        plan.cgroup = plan.input("not a cgroup")
        plan.exec(arguments: ["true"], environment: [], candidates: ["/bin/true"])
        let null = try call(open("/dev/null", O_RDWR | O_CLOEXEC))
        defer { close(null) }
        let failure = #expect(throws: SpawnFailure.self) { _ = try spawn(try plan.encoded(), descriptors: [null]) }
        #expect(failure?.step == .clone)
        #expect(failure?.op == -1)
        #expect(failure?.errno == .badDescriptor)
    }

    @Test func `a child that is killed before its exec is no success`() throws {
        // The child waits in open(2) of a fifo until it is killed.
        let directory = try makeTemporaryDirectory()
        defer { removeTree(directory) }
        let fifo = directory + "/fifo"
        try call(mkfifo(fifo, 0o600))
        var plan = ProcessPlan()
        plan.close(plan.open(fifo, flags: O_RDONLY))
        plan.exec(arguments: ["true"], environment: [], candidates: ["/bin/true"])
        let bytes = try plan.encoded()
        let waiting = Waiting(parent: getpid())
        waiting.start()
        let failure = #expect(throws: SpawnFailure.self) { _ = try spawn(bytes, descriptors: []) }
        waiting.join()
        #expect(failure?.step == .died)
        #expect(failure?.detail == "killed by signal 9")
    }

    /// In a process of its own: the tests that run beside this one have descriptors and children too.
    @Test func `failures leave neither descriptors nor children`() async {
        await #expect(processExitsWith: .success) {
            let before = try Files.names(in: "/proc/self/fd").count
            for _ in 0..<50 {
                var plan = ProcessPlan(cloneFlags: [.mount])
                plan.propagation(.private)
                plan.fork([.mount, .pid])
                plan.mount(type: "tmpfs", target: "/no/such", onHost: true)
                plan.exec(arguments: ["true"], environment: [], candidates: ["/bin/true"])
                #expect(throws: SpawnFailure.self) { _ = try spawn(try plan.encoded(), descriptors: []) }
            }
            #expect(try Files.names(in: "/proc/self/fd").count == before)
            #expect(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD)
        }
    }

    @Test func `optional operations report what they could not do`() throws {
        var plan = ProcessPlan()
        let standard = Standard.inputs(&plan)
        plan.standard(standard)
        plan.uid(1000)
        plan.capabilities(CapabilitySets(container: []))
        plan.rlimit(ResourceLimit(.openFiles, soft: 1 << 40, hard: 1 << 40), optional: true)
        plan.write("/proc/sys/kernel/panic", value: "1", optional: true)
        plan.oomScoreAdj(-5, optional: true)
        plan.exec(arguments: ["sh", "-c", "ulimit -Hn; cat /proc/self/oom_score_adj"], environment: ["PATH=/bin"], candidates: ["/bin/sh"])
        let finished = try run(plan)
        #expect(finished.adjustments.first == SpawnAdjustment(op: 5, errno: .notPermitted))
        #expect(finished.adjustments.map(\.op) == [5, 6, 7])
        #expect(finished.code == 0)
    }
}

extension Slot {
    /// A slot that no operation has filled yet.
    static func unfilled(_ plan: inout ProcessPlan) -> Slot {
        let slot = plan.open("/", flags: O_PATH)
        plan.close(slot)
        return slot
    }
}

/// Kills the newest child of this process that hangs in open(2).
final class Waiting: Sendable {
    private let parent: Int32
    private let executor: BlockingExecutor?
    private let pipe: (CInt, CInt)

    init(parent: Int32) {
        self.parent = parent
        executor = try? BlockingExecutor(threads: 1)
        var ends: [CInt] = [0, 0]
        _ = clinux_pipe(&ends)
        pipe = (ends[0], ends[1])
    }

    func start() {
        let (parent, done) = (parent, pipe.1)
        let executor = executor
        Task {
            try? await executor?.run {
                let deadline = ContinuousClock.now + .seconds(10)
                while ContinuousClock.now < deadline, !Self.killChild(of: parent) { usleep(1000) }
                close(done)
            }
        }
    }

    func join() {
        var byte: UInt8 = 0
        _ = read(pipe.0, &byte, 1)
        close(pipe.0)
    }

    private static func killChild(of parent: Int32) -> Bool {
        for name in (try? Files.names(in: "/proc")) ?? [] {
            guard let pid = Int32(name), let stat = try? Files.readText("/proc/\(pid)/stat") else { continue }
            let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
            guard fields.count > 2, fields[1] == "\(parent)" else { continue }
            guard let place = try? Files.readText("/proc/\(pid)/wchan"), place.contains("wait_for_partner") else { continue }
            return kill(pid, SIGKILL) == 0
        }
        return false
    }
}
