/// What a simulated container does, instead of running a program.
package struct ContainerScript: Sendable {
    /// How it ends by itself.
    package struct Exit: Sendable {
        /// After the start.
        package var after: Duration
        package var code: Int32
        /// Killed by the kernel because its memory limit was reached; the code should be 137.
        package var outOfMemory = false
        package init(after: Duration, code: Int32, outOfMemory: Bool = false) {
            self.after = after
            self.code = code
            self.outOfMemory = outOfMemory
        }
    }
    /// What it does when it gets the stop signal.
    package enum Stop: Sendable {
        case exits(after: Duration, code: Int32)
        /// Goes on until it is killed.
        case ignores
    }
    /// What a command executed in it does.
    package struct Command: Sendable {
        package var duration: Duration
        package var exitCode: Int32
        package var output: String
        package init(duration: Duration = .zero, exitCode: Int32 = 0, output: String = "") {
            self.duration = duration
            self.exitCode = exitCode
            self.output = output
        }
    }

    /// nil: it runs until it is stopped.
    package var exit: Exit?
    package var stop = Stop.exits(after: .zero, code: 143)
    package var createFailure: String?
    /// The start fails with this message, as for a missing program.
    package var startFailure: String?
    package var createDuration = Duration.zero
    package var startDuration = Duration.zero
    /// By the command's words joined with spaces; others exit with 0 at once.
    package var commands: [String: Command] = [:]
    /// What a command does at a time since the start, where that changes; nil: as in `commands`.
    package var command: @Sendable (_ line: String, _ time: Duration) -> Command? = { _, _ in nil }
    /// What it says over the network.
    package var network: @Sendable (NetworkQuestion) -> NetworkReply = { _ in NetworkReply(.refuses) }

    package init(exit: Exit? = nil, stop: Stop = .exits(after: .zero, code: 143)) {
        self.exit = exit
        self.stop = stop
    }

    package static let runsForever = ContainerScript()
    package static func exits(after: Duration, code: Int32) -> ContainerScript {
        ContainerScript(exit: Exit(after: after, code: code))
    }
}

/// What happens when a simulated sandbox is made.
package struct SandboxScript: Sendable {
    package var failure: String?
    package var duration = Duration.zero
    package init(failure: String? = nil) { self.failure = failure }
}
