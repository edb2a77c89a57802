internal import Glibc
internal import LinuxSystem

/// Turns a start that the supervisor refused into the words that users of runc and containerd know.
enum SpawnTranslation {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func error(_ error: SupervisorError, plan: ProcessPlan, program: String) -> any Error {
        guard case .refused(let refusal) = error.reason, refusal.kind == .spawn else { return error }
        let failure = SpawnFailure(
            step: SpawnStep(rawValue: refusal.step), op: Int(refusal.op), errno: refusal.errno, detail: refusal.detail)
        return Failure(description: message(failure, plan, program))
    }

    static func message(_ failure: SpawnFailure, _ plan: ProcessPlan, _ program: String) -> String {
        guard failure.step == .exec else { return failure.description(in: plan) }
        let prefix = "exec: \"\(program)\": "
        switch failure.errno {
        case .noSuchFile, .notDirectory:
            return prefix + (program.contains("/") ? "stat \(program): no such file or directory" : "executable file not found in $PATH")
        case .accessDenied: return prefix + "permission denied"
        case .isDirectory: return prefix + "is a directory"
        case Errno(rawValue: ENOEXEC): return prefix + "exec format error"
        default: return prefix + "\(failure.errno)"
        }
    }
}
