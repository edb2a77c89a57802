internal import Glibc

/// Names and numbers of stop signals, as images give them (`SIGQUIT`, `QUIT`, `3`, `SIGRTMIN+3`).
enum StopSignal {
    static func parse(_ text: String) throws(SpecError) -> Int32 {
        guard !text.isEmpty else { return SIGTERM }
        if let number = Int32(text), (1...64).contains(number) { return number }
        let upper = text.uppercased()
        let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
        if let number = numbers[name] { return number }
        if let number = realtime(name) { return number }
        throw SpecError("stop signal \"\(text)\" of the image: no such signal")
    }

    /// The kernel's own range; glibc keeps the first two of it for itself, so its SIGRTMIN is 34.
    private static func realtime(_ name: String) -> Int32? {
        for (prefix, base, sign) in [("RTMIN+", 34, 1), ("RTMAX-", 64, -1)] where name.hasPrefix(prefix) {
            guard let offset = Int32(name.dropFirst(prefix.count)), (0...30).contains(offset) else { return nil }
            return Int32(base) + Int32(sign) * offset
        }
        return name == "RTMIN" ? 34 : name == "RTMAX" ? 64 : nil
    }

    private static let numbers: [String: Int32] = [
        "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "ILL": SIGILL, "TRAP": SIGTRAP, "ABRT": SIGABRT, "IOT": SIGABRT,
        "BUS": SIGBUS, "FPE": SIGFPE, "KILL": SIGKILL, "USR1": SIGUSR1, "SEGV": SIGSEGV, "USR2": SIGUSR2, "PIPE": SIGPIPE,
        "ALRM": SIGALRM, "TERM": SIGTERM, "STKFLT": 16, "CHLD": SIGCHLD, "CLD": SIGCHLD, "CONT": SIGCONT, "STOP": SIGSTOP,
        "TSTP": SIGTSTP, "TTIN": SIGTTIN, "TTOU": SIGTTOU, "URG": SIGURG, "XCPU": SIGXCPU, "XFSZ": SIGXFSZ,
        "VTALRM": SIGVTALRM, "PROF": SIGPROF, "WINCH": SIGWINCH, "IO": SIGIO, "POLL": SIGIO, "PWR": SIGPWR, "SYS": SIGSYS,
    ]
}
