import Cgroups
import Glibc
import LinuxSystem
import Synchronization
import Testing

/// Lends a new cgroup at the top of this machine's tree and removes it afterwards, with whatever still runs there.
///
/// - Parameter controllers: Enabled for the cgroup (and left enabled at the top: other tests may use them).
func withScratchCgroup(_ controllers: CgroupControllers = [], _ body: (borrowing Cgroup) throws -> Void) throws {
    let top = try Cgroup(opening: CgroupHierarchy.find().mountPoint)
    if !controllers.isEmpty { _ = try top.enableForChildren(controllers) }
    let name = "swiftlet-test-\(getpid())-\(scratchNumber.add(1, ordering: .relaxed).newValue)"
    let scratch = try top.createChild(name)
    defer {
        do {
            try top.destroyChild(name)
        } catch {
            Issue.record("a test leaves a cgroup behind: \(error)")
        }
    }
    try body(scratch)
}

private let scratchNumber = Atomic(0)

/// A shell that waits for a word before it runs its script, so that it can be moved into a cgroup first.
struct TestProcess: ~Copyable {
    let pid: pid_t
    private let input: OwnedFD
    private let output: OwnedFD

    private init(pid: pid_t, input: consuming OwnedFD, output: consuming OwnedFD) {
        self.pid = pid
        self.input = input
        self.output = output
    }

    /// Starts one in a cgroup: it is there before its script begins.
    static func start(in cgroup: borrowing Cgroup, _ script: String) throws -> TestProcess {
        let process = try spawn(script)
        try cgroup.add(process.pid)
        try process.go()
        return process
    }

    private static func spawn(_ script: String) throws -> TestProcess {
        let toChild = try pipe()
        let fromChild = try pipe()
        let input = OwnedFD(adopting: toChild[1])
        let output = OwnedFD(adopting: fromChild[0])
        defer { for end in [toChild[0], fromChild[1]] { close(end) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        let words = ["sh", "-c", "read go; \(script)"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, "/bin/sh", &actions, nil, &arguments, environ)
        if error != 0 { throw SystemError("start a shell", Errno(rawValue: error)) }
        return TestProcess(pid: pid, input: input, output: output)
    }

    /// Sends the script a line: its `read` returns.
    func go() throws {
        guard write(input.rawValue, "\n", 1) == 1 else { throw SystemError("wake process \(pid)", .current) }
    }

    /// Blocks until the script has written something, and returns that.
    func nextOutput() throws -> String {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(output.rawValue, &bytes, bytes.count)
        if count < 0 { throw SystemError("read from process \(pid)", .current) }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// Reaps the shell: its exit code, or 128 + the signal that ended it.
    consuming func wait() throws -> Int {
        var status: CInt = 0
        guard waitpid(pid, &status, 0) == pid else { throw SystemError("wait for process \(pid)", .current) }
        let signal = status & 0x7f
        return Int(signal == 0 ? (status >> 8) & 0xff : 128 + signal)
    }
}

/// The reading and the writing end of a pipe that no other child inherits.
private func pipe() throws -> [CInt] {
    var ends: [CInt] = [-1, -1]
    guard Glibc.pipe(&ends) == 0 else { throw SystemError("make a pipe", .current) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return ends
}
