/// Signals by their numbers on x86-64 and arm64 (signal(7)).
enum SignalName {
    private static let names: [Int32: String] = [
        1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL",
        10: "SIGUSR1",
        11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
    ]

    static func text(_ number: Int32) -> String { names[number] ?? "signal \(number)" }

    /// What the kernel sends to a program for what that has done, in words; nil for the signals that somebody sends.
    static func crash(_ number: Int32) -> (what: String, mend: String)? {
        switch number {
        case 4: ("an illegal instruction", "the image may be built for a newer processor than this machine's")
        case 5: ("a breakpoint or trap", "look at the program's output: runtimes trap on failed checks")
        case 6: ("abort(3): the program gave up on itself", "look at the last lines of its log: a failed assertion says which")
        case 7:
            (
                "a bad memory access",
                "a file that it has mapped may have been cut, or /dev/shm may be full: give it an emptyDir of medium Memory"
            )
        case 8: ("an arithmetic error, such as a division by zero", "it is a defect of the program")
        case 11: ("a bad memory address", "it is a defect of the program or of a library: run it under a debugger, or take a core dump")
        case 24: ("its CPU time limit (RLIMIT_CPU)", "raise the limit")
        case 25: ("its file size limit (RLIMIT_FSIZE)", "raise the limit")
        case 31:
            (
                "a system call that its seccomp profile forbids",
                "the kernel log names the call (type=1326 … syscall=N); allow it in the profile, or set seccompProfile.type: Unconfined to try"
            )
        default: nil
        }
    }
}
