import SupervisorAPI
import Testing

/// One message of each kind with every field away from its default, as bytes and as a function that reads them back.
struct MessageSample: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    /// Reads bytes as this message and says whether it is the sample.
    let readsBack: @Sendable ([UInt8]) throws -> Bool

    init<Body: MessageBody & Equatable>(_ message: Body) {
        testDescription = "\(Body.self)"
        bytes = MessageWriter.body(message)
        readsBack = { bytes in
            var reader = MessageReader(bytes)
            return try Body(from: &reader) == message
        }
    }

    static let exit = ProcessExit(
        id: Array("web-1".utf8), kind: .container, pid: 4711, startedAtNanoseconds: 1_700_000_000_123_456_789,
        exitedAtNanoseconds: 1_700_000_001_000_000_000, code: 0, signal: 11, coreDumped: true, timedOut: true)

    static let all: [MessageSample] = [
        .init(HelloRequest(minimumVersion: 3, maximumVersion: 0x1234)),
        .init(HelloReply(version: 2, pid: -5, startedAtNanoseconds: .min, oomScoreAdjust: -998, sandboxID: Array("pod".utf8))),
        .init(Refusal(.spawn, errorNumber: 13, step: 7, operation: 12, detail: Array("mount proc on /proc".utf8))),
        .init(
            CreateNamespacesRequest(
                create: [.ipc, .user], hostname: Array("web".utf8), domainname: Array("example.org".utf8),
                uidMappings: [IDMapping(inside: 0, outside: 100_000, count: 65_536)],
                gidMappings: [IDMapping(inside: 0, outside: 200_000, count: 1), IDMapping(inside: 1, outside: .max, count: 2)],
                parameters: [KernelParameter(name: Array("net.ipv4.ip_forward".utf8), value: [0x31])], passed: [.network, .sharedMemory])),
        .init(NamespacesReply(kinds: [.network, .uts])),
        .init(
            StartProcessRequest(
                id: Array("c".utf8), kind: .exec,
                output: .log(LogTarget(path: Array("/l/0.log".utf8), maxSizeBytes: 10 << 20, maxFiles: 5)),
                stdin: .once, terminal: true, ioOwner: 1000, cgroupDescriptor: 3, timeoutNanoseconds: 5_000_000_000,
                removedAfterWait: true, plan: (0...255).map { $0 })),
        .init(StartProcessRequest(id: Array("d".utf8), kind: .initProcess, output: .descriptors, plan: [])),
        .init(StartProcessReply(pid: 99, startedAtNanoseconds: 7, adjusted: [AdjustedOperation(operation: 4, errorNumber: 1)])),
        .init(exit),
        .init(
            ListReply(processes: [
                ProcessStatus(id: Array("a".utf8), kind: .exec, pid: 1, startedAtNanoseconds: 2, exit: nil),
                ProcessStatus(id: Array("web-1".utf8), kind: .container, pid: 4711, startedAtNanoseconds: 3, exit: exit),
            ])),
        .init(ProcessRequest(id: Array("A.b_c-9".utf8))),
        .init(SignalRequest(id: Array("a".utf8), signal: 15)),
        .init(ResizeRequest(id: Array("a".utf8), rows: 24, columns: 80)),
        .init(AttachRequest(id: Array("a".utf8), stdin: true, stdout: false, stderr: true)),
        .init(LogPolicyRequest(id: Array("a".utf8), maxSizeBytes: 1, maxFiles: 2)),
        .init(ShutdownRequest(force: true)),
        .init(RecordFailure(id: Array("a".utf8), errorNumber: 28)),
        .init(LogFailure(id: Array("a".utf8), errorNumber: 28, droppedBytes: .max)),
    ]
}

/// The same numbers on each run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {  // xorshift64*
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_f491_4f6c_dd1d
    }
}
