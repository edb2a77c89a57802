/// The profile that Kubernetes calls `RuntimeDefault`: the calls that container runtimes allow, as one table.
///
/// Facts follow containerd's contrib/seccomp and moby's profile. A call that is not listed fails with EPERM, one newer than the
/// list with ENOSYS.
extension SeccompProfile {
    package static let runtimeDefault = SeccompProfile(
        defaultAction: .errno(1), rules: [Rule(words(always), .allow)] + byArgument + byArchitecture + byCapability)

    /// Allowed to everybody, with any arguments.
    private static let always = """
        _llseek _newselect accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod
        chown chown32 clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime
        clock_gettime64 clock_nanosleep clock_nanosleep_time64 close close_range connect copy_file_range creat
        dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait
        epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64
        fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl
        fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64
        fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv
        futex_wake futimesat get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid
        getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid
        getpgrp getpid getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit
        getrusage getsid getsockname getsockopt gettid gettimeofday getuid getuid32 getxattr getxattrat
        inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents
        io_pgetevents io_pgetevents_time64 io_setup io_submit ioctl ioprio_get ioprio_set ipc kill
        landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lchown32 lgetxattr link linkat
        listen listmount listxattr listxattrat llistxattr lremovexattr lseek lsetxattr lsm_get_self_attr
        lsm_list_modules lsm_set_self_attr lstat lstat64 madvise map_shadow_stack membarrier memfd_create
        memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 mprotect
        mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend
        mq_timedsend_time64 mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap
        name_to_handle_at nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe
        pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 prctl pread64 preadv preadv2
        prlimit64 process_mrelease pselect6 pselect6_time64 pwrite64 pwritev pwritev2 read readahead readlink
        readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages removexattr
        removexattrat rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending
        rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64
        rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr
        sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity
        sched_setattr sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop
        semtimedop semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto set_robust_list
        set_thread_area set_tid_address setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups
        setgroups32 setitimer setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid
        setresuid32 setreuid setreuid32 setrlimit setsid setsockopt setuid setuid32 setxattr setxattrat shmat
        shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 sigprocmask sigreturn socketcall
        socketpair splice stat stat64 statfs statfs64 statmount statx symlink symlinkat sync sync_file_range
        syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime
        timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64
        timerfd_settime timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname unlink
        unlinkat uretprobe utime utimensat utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid write
        writev
        """

    /// clone(2) may not make namespaces: CLONE_NEW* but NEWTIME, which clone(2) has no room for.
    private static let namespaceFlags: UInt64 = 0x7E02_0000

    private static let byArgument: [Rule] =
        [
            // Before 4.8 ptrace could get round a seccomp filter.
            Rule(["ptrace", "process_vm_readv", "process_vm_writev"], .allow, includes: .init(minimumKernel: .init(4, 8))),
            // Every family but AF_ALG (38) and AF_VSOCK (40).
            Rule(["socket"], .allow, arguments: [.init(0, .less, 38)]),
            Rule(["socket"], .allow, arguments: [.init(0, .equal, 39)]),
            Rule(["socket"], .allow, arguments: [.init(0, .greater, 40)]),
            Rule(
                ["clone"], .allow, arguments: [.init(0, .maskedEqual(mask: namespaceFlags), 0)],
                excludes: .init(capabilities: administrator)),
            // Its flags are behind a pointer. libc falls back to clone(2).
            Rule(["clone3"], .errno(38), excludes: .init(capabilities: administrator)),
        ] + personalities.map { Rule(["personality"], .allow, arguments: [.init(0, .equal, $0)]) }

    /// PER_LINUX, PER_LINUX32, UNAME26, both, and the query.
    private static let personalities: [UInt64] = [0, 8, 0x20000, 0x20008, 0xffff_ffff]

    private static let byArchitecture: [Rule] = [
        Rule(["arch_prctl"], .allow, includes: .init(architectures: [.x86_64, .x32])),
        Rule(["modify_ldt"], .allow, includes: .init(architectures: [.x86_64, .x32, .x86])),
        Rule(
            words("arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls"), .allow,
            includes: .init(architectures: [.arm, .aarch64])),
        Rule(["riscv_flush_icache", "riscv_hwprobe"], .allow, includes: .init(architectures: [.riscv64])),
    ]

    private static let administrator = CapabilitySet(name: "SYS_ADMIN") ?? []

    private static let byCapability: [Rule] = [
        (
            "SYS_ADMIN",
            """
            bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr move_mount open_tree
            perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare
            """
        ),
        ("DAC_READ_SEARCH", "open_by_handle_at"),
        ("SYS_BOOT", "reboot"),
        ("SYS_CHROOT", "chroot"),
        ("SYS_MODULE", "init_module finit_module delete_module"),
        ("SYS_PACCT", "acct"),
        ("SYS_PTRACE", "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace"),
        ("SYS_RAWIO", "iopl ioperm"),
        ("SYS_TIME", "settimeofday stime clock_settime clock_settime64"),
        ("SYS_TTY_CONFIG", "vhangup"),
        ("SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
        ("SYSLOG", "syslog"),
        ("BPF", "bpf"),
        ("PERFMON", "perf_event_open"),
    ].map { (capability, names) in
        Rule(words(names), .allow, includes: .init(capabilities: CapabilitySet(name: capability) ?? []))
    }

    private static func words(_ text: String) -> [String] {
        text.split(whereSeparator: \.isWhitespace).map(String.init)
    }
}
