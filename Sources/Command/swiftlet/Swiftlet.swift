import ArgumentParser
internal import Glibc

/// The program: parses the command line, runs one subcommand and turns what it threw into an exit code.
@main
struct Swiftlet {
    static func main() async {
        // A container must not inherit an ignored SIGPIPE, and a write to a closed pipe must not kill the daemon unheard.
        signal(SIGPIPE, SIG_IGN)
        var command: any ParsableCommand
        do {
            command = try Root.parseAsRoot()
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
}

/// Every command says its name itself: the default one is made from the type's, which costs each start of the program a millisecond.
struct Root: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swiftlet",
        abstract: "A Kubernetes node in one program: real pods from manifests, in milliseconds.",
        version: Version.text,
        groupedSubcommands: [
            CommandGroup(name: "Pods", subcommands: [Run.self, Ps.self, Logs.self, Exec.self, Stop.self, Rm.self]),
            CommandGroup(name: "Node", subcommands: [Agent.self, Down.self, ImageCommand.self]),
            CommandGroup(name: "Other", subcommands: [VersionCommand.self, Completion.self]),
        ])
}
