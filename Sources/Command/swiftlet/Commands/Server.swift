import ArgumentParser
internal import Glibc
internal import LinuxSystem
internal import NodeSimulation

struct Server: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "Run the control plane alone: the API server, its store, scheduler and controllers.",
        discussion: """
            Needs no root when the directories and the port are the user's own. SIGTERM or SIGINT ends it in order; everything that was \
            acknowledged is in the store. With --simulated-nodes it has nodes that only say that they run pods, by the thousand.
            """)

    @OptionGroup var options: ControlPlaneOptions

    @Option(help: "Make so many nodes that only say that they run pods.")
    var simulatedNodes: Int?

    @Option(
        help: "File of kind SimulatedNodes (swiftlet.dev/v1): what simulated nodes are like, and the stages of their pods' lives.",
        completion: .file())
    var stages: String?

    func run() async throws { try await ControlPlaneDaemon(options, simulation: try simulation()).run() }

    private func simulation() throws -> SimulatedNodes.Configuration? {
        guard let count = simulatedNodes else {
            if stages != nil { throw UsageError("--stages is of use only with --simulated-nodes N") }
            return nil
        }
        guard (0...20_000).contains(count) else { throw UsageError("--simulated-nodes \(count): must be from 0 to 20000") }
        var configuration = SimulatedNodes.Configuration(count: count)
        configuration.template.kubeletVersion = Version.kubernetes
        guard let stages else { return configuration }
        let bytes: [UInt8]
        do { bytes = try Files.read(stages) } catch { throw UsageError("\(error)") }
        do throws(StageFileError) {
            let file = try StageFile.read(bytes, file: stages)
            configuration.template = file.template
            configuration.stages = file.stages
        } catch {
            throw ManifestRefusal(description: "\(error)")
        }
        return configuration
    }
}
