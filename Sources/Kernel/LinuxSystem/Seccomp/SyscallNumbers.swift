internal import CSeccomp

extension SeccompArchitecture {
    /// The numbers of a system call by name: none for a call that the architecture does not have, and for a name that nobody knows.
    func numbers(of name: String) -> (direct: UInt32?, multiplexed: (number: UInt32, call: UInt64)?) {
        let resolved = unsafe seccomp_syscall_resolve_name_arch(token, name)
        if resolved >= 0 { return (UInt32(resolved), nil) }
        guard resolved != -1 else { return (Self.newNumber(of: name, on: self), nil) }
        guard self == .x86, let direct = Self.directOnX86[name] else { return (nil, nil) }
        // libseccomp's pseudo numbers: -(100 + call) of socketcall, -(200 + call) of ipc.
        switch resolved {
        case -120...(-101): return (direct, (102, UInt64(-100 - resolved)))
        case -224...(-201): return (direct, (117, UInt64(-200 - resolved)))
        default: return (direct, nil)
        }
    }

    /// Calls younger than the libseccomp at hand. From 424 on a number means the same everywhere.
    private static func newNumber(of name: String, on architecture: SeccompArchitecture) -> UInt32? {
        guard let number = new[name] else {
            guard architecture == .x86_64 else { return nil }
            return name == "uretprobe" ? 335 : name == "uprobe" ? 336 : nil
        }
        return architecture == .x32 ? number | x32Bit : number
    }

    private static let new: [String: UInt32] = [
        "quotactl_fd": 443, "landlock_create_ruleset": 444, "landlock_add_rule": 445, "landlock_restrict_self": 446,
        "memfd_secret": 447, "process_mrelease": 448, "futex_waitv": 449, "set_mempolicy_home_node": 450, "cachestat": 451,
        "fchmodat2": 452, "map_shadow_stack": 453, "futex_wake": 454, "futex_wait": 455, "futex_requeue": 456,
        "statmount": 457, "listmount": 458, "lsm_get_self_attr": 459, "lsm_set_self_attr": 460, "lsm_list_modules": 461,
        "mseal": 462, "setxattrat": 463, "getxattrat": 464, "listxattrat": 465, "removexattrat": 466, "open_tree_attr": 467,
        "file_getattr": 468, "file_setattr": 469, "listns": 470, "rseq_slice_yield": 471,
    ]

    /// Calls that 32-bit x86 has both by itself and through socketcall(2) or ipc(2): libseccomp names only the latter.
    private static let directOnX86: [String: UInt32] = [
        "socket": 359, "socketpair": 360, "bind": 361, "connect": 362, "listen": 363, "accept4": 364, "getsockopt": 365,
        "setsockopt": 366, "getsockname": 367, "getpeername": 368, "sendto": 369, "sendmsg": 370, "recvfrom": 371,
        "recvmsg": 372, "shutdown": 373, "recvmmsg": 337, "sendmmsg": 345, "semget": 393, "semctl": 394, "shmget": 395,
        "shmctl": 396, "shmat": 397, "shmdt": 398, "msgget": 399, "msgsnd": 400, "msgrcv": 401, "msgctl": 402,
    ]
}
