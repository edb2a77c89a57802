import CLinux
import Glibc
import LinuxSystem

/// What a process printed and how it ended.
struct Finished {
    var output: String
    var status: CInt
    /// Exit code, or minus the signal.
    var code: Int
    var adjustments: [SpawnAdjustment]
}

/// The standard descriptors of a test process: /dev/null and a pipe for both outputs.
struct Standard {
    let null: CInt
    let read: CInt
    let write: CInt

    init() throws {
        var ends: [CInt] = [0, 0]
        try call(clinux_pipe(&ends))
        (read, write) = (ends[0], ends[1])
        null = try call(open("/dev/null", O_RDWR | O_CLOEXEC))
    }

    var descriptors: [CInt] { [null, write] }

    static func inputs(_ plan: inout ProcessPlan) -> (null: Slot, output: Slot) {
        (plan.input("null"), plan.input("output"))
    }

    func readAll() -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while case let count = Glibc.read(read, &chunk, chunk.count), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    func closeAll() {
        close(null)
        close(read)
        close(write)
    }
}

extension ProcessPlan {
    mutating func standard(_ slots: (null: Slot, output: Slot)) {
        duplicate(slots.null, onto: 0)
        duplicate(slots.output, onto: 1)
        duplicate(slots.output, onto: 2)
    }
}

/// Starts a plan whose first inputs are `Standard.inputs`, reads all it prints and waits for it.
func run(_ plan: ProcessPlan, more: [CInt] = []) throws -> Finished {
    let standard = try Standard()
    let bytes = try plan.encoded()
    do {
        let spawned = try spawn(bytes, descriptors: standard.descriptors + more)
        close(standard.write)
        let output = standard.readAll()
        close(standard.read)
        close(standard.null)
        let code = try waitForExit(spawned.pidfd)
        return Finished(output: output, status: 0, code: code, adjustments: spawned.adjustments)
    } catch {
        standard.closeAll()
        throw error
    }
}

func waitForExit(_ pidfd: borrowing OwnedFD) throws -> Int {
    var info = siginfo_t()
    try call(waitid(P_PIDFD, id_t(pidfd.rawValue), &info, WEXITED))
    let status = Int(info._sifields._sigchld.si_status)
    return info.si_code == CInt(CLD_EXITED) ? status : -status
}
