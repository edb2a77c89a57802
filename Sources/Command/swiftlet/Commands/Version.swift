import ArgumentParser

enum Version {
    static let number = "0.1.0"
    /// The version of Kubernetes whose behaviour is followed.
    static let kubernetes = "v1.36.2+swiftlet"
    static let text = "swiftlet \(number)"
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    @Option(name: .shortAndLong, help: "text or json.")
    var output = OutputFormat.text

    func run() {
        switch output {
        case .text: Output.print(Version.text)
        case .json: Output.print(#"{"name":"swiftlet","version":"\#(Version.number)"}"#)
        }
    }

    enum OutputFormat: String, CaseIterable, ExpressibleByArgument { case text, json }
}

struct Completion: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "completion", abstract: "Print a shell completion script.")

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() { Output.print(Root.completionScript(for: shell.completion)) }

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
        var completion: CompletionShell {
            switch self {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        }
    }
}
