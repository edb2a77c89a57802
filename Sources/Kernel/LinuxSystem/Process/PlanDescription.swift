internal import CLinux

extension ProcessPlan {
    /// What an operation does, in words: `mount proc on /proc`. For messages about a failure that the child reported.
    package func describe(op index: Int) -> String {
        guard operations.indices.contains(index) else { return "clone" }
        let operation = operations[index]
        return operation.mountDescription ?? operation.identityDescription ?? operation.processDescription
    }
}

extension PlanOperation {
    fileprivate var mountDescription: String? {
        let target = s3 ?? "?"
        return switch code {
        case CLINUX_OP_ROOT: "use \(s1 ?? "the mount") as the root"
        case CLINUX_OP_PROPAGATION: "set the propagation of \(s1 ?? "/")"
        case CLINUX_OP_MOUNT: s3 == nil ? "make \(s1 ?? "?")" : "mount \(s1 ?? "?") on \(target)"
        case CLINUX_OP_BIND: bindDescription
        case CLINUX_OP_MKDIR: "create directory \(target)"
        case CLINUX_OP_MKNOD: "create device \(target)"
        case CLINUX_OP_SYMLINK: "create symlink \(target) to \(s1 ?? "?")"
        case CLINUX_OP_WRITE: "write \"\(s2 ?? "")\" to \(s1 ?? "?")"
        case CLINUX_OP_MASK: "mask \(target)"
        case CLINUX_OP_READONLY: "make \(target) read-only"
        case CLINUX_OP_PIVOT_ROOT: "pivot to the new root"
        case CLINUX_OP_ROOT_ATTRIBUTES: "set the attributes of /"
        default: nil
        }
    }

    private var bindDescription: String {
        let source = [s1 ?? "a descriptor", s2].compactMap { $0 }.joined(separator: "/")
        return s3.map { "mount \(source) on \($0)" } ?? "clone the mount \(source)"
    }

    fileprivate var identityDescription: String? {
        switch code {
        case CLINUX_OP_RLIMIT: "set limit \(ResourceLimit.Resource(rawValue: slot).map { "\($0)" } ?? "?") to \(a):\(b)"
        case CLINUX_OP_OOM_SCORE_ADJ: "set oom_score_adj to \(Int64(bitPattern: a))"
        case CLINUX_OP_KEYRING: "join a new session keyring"
        case CLINUX_OP_UMASK: "set the umask"
        case CLINUX_OP_BOUNDING_SET: "set the bounding capabilities"
        case CLINUX_OP_SETGROUPS: "set the supplementary groups"
        case CLINUX_OP_SETGID: "set gid \(a)"
        case CLINUX_OP_SETUID: "set uid \(a)"
        case CLINUX_OP_CAPABILITIES: "set the capabilities"
        case CLINUX_OP_NO_NEW_PRIVS: "set no_new_privs"
        case CLINUX_OP_SECCOMP: "load the seccomp filter"
        default: nil
        }
    }

    fileprivate var processDescription: String {
        switch code {
        case CLINUX_OP_SETNS: "join namespaces (\(CloneFlags(rawValue: a)))"
        case CLINUX_OP_UNSHARE: "leave namespaces (\(CloneFlags(rawValue: a)))"
        case CLINUX_OP_FORK: "clone into namespaces (\(CloneFlags(rawValue: a)))"
        case CLINUX_OP_SETSID: "start a session"
        case CLINUX_OP_CONTROLLING_TTY: "take the terminal"
        case CLINUX_OP_OPEN_PTY: "open a terminal"
        case CLINUX_OP_DUP: "set descriptor \(a)"
        case CLINUX_OP_OPEN: "open \(s1 ?? "?")"
        case CLINUX_OP_CLOSE: "close a descriptor"
        case CLINUX_OP_HOSTNAME: "set hostname \"\(s1 ?? "")\""
        case CLINUX_OP_DOMAINNAME: "set domainname \"\(s1 ?? "")\""
        case CLINUX_OP_CHDIR: "chdir to \(s1 ?? "?")"
        case CLINUX_OP_PDEATHSIG: "set the parent death signal"
        case CLINUX_OP_CLOSE_RANGE: "close descriptors"
        case CLINUX_OP_EXEC: execDescription
        case CLINUX_OP_INIT: "become init"
        default: "operation \(code.rawValue)"
        }
    }

    private var execDescription: String {
        guard case .program(let arguments, _, _) = data, let name = arguments.first else { return "exec" }
        return "exec \"\(name)\""
    }
}
