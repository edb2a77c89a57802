import ArgumentParser
internal import APIMachinery

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show how the daemons of this instance are: address, health, store, objects.",
        discussion: "The exit code is 0 when the control plane runs and is ready, else 1.")

    @OptionGroup var directories: DirectoryOptions

    @Option(name: .shortAndLong, help: "table or json.")
    var output = Format.table

    enum Format: String, CaseIterable, ExpressibleByArgument { case table, json }

    func run() throws {
        let status = try InstanceStatus.look(runDirectory: directories.absoluteRunDirectory)
        switch output {
        case .table: Output.print(status.text)
        case .json: Output.print(status.json.serializedText(.pretty))
        }
        guard status.isReady else { throw ExitCode.answerIsNo }
    }
}
