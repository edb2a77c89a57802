internal import Glibc
internal import LinuxSystem

/// The last operations of a plan: giving up what root has, then the program. The same for a container's first process and for an exec.
///
/// Without no_new_privs a filter may be loaded only while CAP_SYS_ADMIN is still held; with it, as late as possible, so that the filter
/// need not allow what this set-up does (seccomp(2); runc does the same).
struct ProcessIdentity {
    let process: ProcessSpec
    let seccomp: SeccompFilter?

    init(_ process: ProcessSpec, seccomp: SeccompFilter?) {
        self.process = process
        self.seccomp = seccomp
    }

    /// - Parameter diesWithParent: SIGKILL when the supervisor ends. Set last, for a change of credentials clears it (prctl(2)).
    func append(to plan: inout ProcessPlan, diesWithParent: Bool) {
        plan.umask(0o022)
        plan.boundingSet(process.capabilities.bounding)
        if let seccomp, !process.noNewPrivileges { plan.seccomp(seccomp) }
        plan.groups(process.user.groups)
        plan.gid(process.user.gid)
        plan.uid(process.user.uid)
        plan.capabilities(process.capabilities)
        if process.noNewPrivileges { plan.noNewPrivileges() }
        if diesWithParent { plan.parentDeathSignal(SIGKILL) }
        if let seccomp, process.noNewPrivileges { plan.seccomp(seccomp) }
        plan.exec(arguments: process.arguments, environment: process.environment, candidates: process.candidates)
    }
}

extension ProcessSpec {
    /// Where the program may be: as it is with a slash in it, else in each directory of its PATH (execvp(3)).
    var candidates: [String] {
        let program = arguments[0]
        if program.contains("/") { return [program] }
        let path = environment.first { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? ""
        return path.split(separator: ":", omittingEmptySubsequences: false).map { $0.isEmpty ? "./\(program)" : "\($0)/\(program)" }
    }
}
