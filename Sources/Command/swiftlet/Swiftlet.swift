import ArgumentParser
internal import Glibc
internal import LinuxSystem

/// The program: parses the command line, runs one subcommand and turns what it threw into an exit code.
@main
struct Swiftlet {
    static func main() async {
        // A container must not inherit an ignored SIGPIPE, and a write to a closed pipe must not kill the daemon unheard.
        signal(SIGPIPE, SIG_IGN)
        Heaps.limit(to: 2)
        var command: any ParsableCommand
        do {
            // Not by `??`: its closure would tie the command to the main actor.
            if let alone = parsedAlone() { command = alone } else { command = try Root.parseAsRoot() }
        } catch {
            ExitCode.finishParsing(error)
        }
        do {
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            ExitCode.finish(error)
        }
    }

    /// Looking through the tree of all commands takes milliseconds, which one that is run again and again need not spend.
    ///
    /// - Returns: nil for other commands, and for what is not to be run: a refusal or a help text names the whole command.
    private static func parsedAlone() -> (any ParsableCommand)? {
        let arguments = CommandLine.arguments.dropFirst()
        let commands: [String: any ParsableCommand.Type] = ["run": Run.self, "exec": Exec.self, "verify": Verify.self]
        guard let name = arguments.first, let command = commands[name] else { return nil }
        guard let parsed = try? command.parseAsRoot(Array(arguments.dropFirst())), type(of: parsed) == command else { return nil }
        return parsed
    }
}

/// Every command says its name itself: the default one is made from the type's, which costs each start of the program a millisecond.
struct Root: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swiftlet",
        abstract: "A Kubernetes node in one program: real pods from manifests, in milliseconds.",
        version: Version.text,
        groupedSubcommands: [
            CommandGroup(name: "Pods", subcommands: [Run.self, Ps.self, Logs.self, Exec.self, Stop.self, Rm.self]),
            CommandGroup(name: "Node", subcommands: [Up.self, StatusCommand.self, Down.self, Agent.self, ImageCommand.self]),
            CommandGroup(
                name: "Looking into it",
                subcommands: [
                    Check.self, Verify.self, Explain.self, TimelineCommand.self, Net.self, ProbeCommand.self, BackoffCommand.self,
                    ExperimentCommand.self,
                ]),
            CommandGroup(name: "Control plane", subcommands: [Server.self, TokenCommand.self, Snapshot.self]),
            CommandGroup(name: "Other", subcommands: [VersionCommand.self, Completion.self]),
        ])
}
