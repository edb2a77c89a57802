internal import APIMachinery
internal import ControlPlane
internal import LinuxSystem

/// The control plane as this process, or as one in the background.
struct ControlPlaneDaemon {
    private let options: ControlPlaneOptions

    init(_ options: ControlPlaneOptions) { self.options = options }

    private var runDirectory: String { options.directories.absoluteRunDirectory }

    func run() async throws {
        do {
            options.detach ? try runInBackground() : try await serve()
        } catch {
            throw explained(error)
        }
    }

    /// Serves until a signal comes.
    private func serve() async throws {
        let start = ContinuousClock.now
        let configuration = try options.configuration()
        Machine.raiseDescriptorLimit()
        let interruption = try Interruption()
        try Files.makeDirectories(runDirectory, mode: 0o711)
        let daemon = DaemonFile(runDirectory: runDirectory, role: .server)
        try daemon.claim()
        defer { daemon.release() }
        let server = try await ControlPlaneServer.start(configuration)
        let answers = ControlAnswers(server: server, startTime: .now())
        let questions: ControlSocket
        do {
            questions = try ControlSocket.serve(runDirectory: runDirectory) { await answers.answer($0) }
        } catch {
            await server.stop()
            throw error
        }
        Output.print("ready in \(Int(start.duration(to: .now) / .milliseconds(1))) ms")
        Output.print("export KUBECONFIG=\(server.kubeconfigPath)")
        _ = await interruption.signal()
        questions.close()
        await server.stop()
    }

    private func runInBackground() throws {
        _ = try options.configuration()
        let directory = options.directories.absoluteDataDirectory
        try Files.makeDirectories(directory, mode: 0o711)
        let arguments = CommandLine.arguments.filter { $0 != "--detach" }
        Output.print(try BackgroundProcess.start(arguments, log: "\(directory)/server.log", readyLineCount: 2))
    }

    /// The same failure with what would mend it.
    private func explained(_ error: any Error) -> any Error {
        switch error {
        case let error as ControlPlaneError:
            switch error.kind {
            case .invalid: UsageError(error.description)
            case .inUse:
                EnvironmentError(problem: error.description, mend: "end it with swiftlet down, or choose another --data-dir")
            case .addressInUse:
                EnvironmentError(problem: error.description, mend: "end what listens there, or choose another port with --listen")
            case .notPermitted: EnvironmentError(problem: error.description, mend: Self.privilegeMend)
            case .failed: error
            }
        case let error as SystemError where [.accessDenied, .notPermitted].contains(error.errno):
            EnvironmentError(problem: error.description, mend: Self.privilegeMend)
        default: error
        }
    }

    private static let privilegeMend = "run it with sudo, or name --data-dir and --run-dir of your own and a port above 1023"
}
