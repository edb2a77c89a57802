private import Glibc

/// Signals by the names that `lifecycle.stopSignal` uses.
package enum StopSignal {
    private static let named: [String: Int32] = [
        "SIGHUP": SIGHUP, "SIGINT": SIGINT, "SIGQUIT": SIGQUIT, "SIGILL": SIGILL, "SIGTRAP": SIGTRAP, "SIGABRT": SIGABRT,
        "SIGIOT": SIGABRT, "SIGBUS": SIGBUS, "SIGFPE": SIGFPE, "SIGKILL": SIGKILL, "SIGUSR1": SIGUSR1, "SIGSEGV": SIGSEGV,
        "SIGUSR2": SIGUSR2, "SIGPIPE": SIGPIPE, "SIGALRM": SIGALRM, "SIGTERM": SIGTERM, "SIGSTKFLT": 16, "SIGCHLD": SIGCHLD,
        "SIGCLD": SIGCHLD, "SIGCONT": SIGCONT, "SIGSTOP": SIGSTOP, "SIGTSTP": SIGTSTP, "SIGTTIN": SIGTTIN, "SIGTTOU": SIGTTOU,
        "SIGURG": SIGURG, "SIGXCPU": SIGXCPU, "SIGXFSZ": SIGXFSZ, "SIGVTALRM": SIGVTALRM, "SIGPROF": SIGPROF, "SIGWINCH": SIGWINCH,
        "SIGIO": SIGIO, "SIGPOLL": SIGIO, "SIGPWR": SIGPWR, "SIGSYS": SIGSYS,
    ]
    /// As programs see them; the C library keeps the two below for itself.
    private static let realtimeMin: Int32 = 34
    private static let realtimeMax: Int32 = 64

    package static func number(_ name: String) -> Int32? {
        if let number = named[name] { return number }
        if name == "SIGRTMIN" { return realtimeMin }
        if name == "SIGRTMAX" { return realtimeMax }
        if name.hasPrefix("SIGRTMIN+") { return Int32(name.dropFirst(9)).map { realtimeMin + $0 } }
        if name.hasPrefix("SIGRTMAX-") { return Int32(name.dropFirst(9)).map { realtimeMax - $0 } }
        return nil
    }
}
