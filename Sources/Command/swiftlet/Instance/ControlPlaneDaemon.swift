internal import APIMachinery
internal import ControlPlane
internal import LinuxSystem

/// The control plane as this process, or as one in the background; with a node agent beside it, or alone.
struct ControlPlaneDaemon {
    private let options: ControlPlaneOptions
    private let agent: NodeAgent.Settings?

    /// - Parameter agent: nil: none.
    init(_ options: ControlPlaneOptions, agent: NodeAgent.Settings? = nil) {
        self.options = options
        self.agent = agent
    }

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
        do {
            let agent = try await startAgent(server)
            let answers = ControlAnswers(server: server, agent: agent, startTime: .now())
            let questions = try ControlSocket.serve(runDirectory: runDirectory) { await answers.answer($0) }
            defer { questions.close() }
            try await run(agent, until: interruption) {
                Output.print("ready in \(Int(start.duration(to: .now) / .milliseconds(1))) ms")
                Output.print("export KUBECONFIG=\(server.kubeconfigPath)")
            }
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    /// The node's agent, as a client of this very process.
    private func startAgent(_ server: ControlPlaneServer) async throws -> NodeAgent? {
        guard let agent else { return nil }
        let instance = try await Instance.open(agent.place, for: .agent)
        let client = server.client(
            user: "system:node:\(agent.place.nodeName)", groups: ["system:nodes"], userAgent: "kubelet/\(Version.kubernetes)")
        return try NodeAgent(instance, agent, api: client)
    }

    /// - Parameter ready: Called once pods can be started.
    private func run(_ agent: NodeAgent?, until interruption: Interruption, ready: @escaping @Sendable () -> Void) async throws {
        guard let agent else {
            ready()
            _ = await interruption.signal()
            return
        }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                _ = await interruption.signal()
                return true
            }
            group.addTask {
                try await agent.run()
                return true
            }
            group.addTask {
                await agent.kubelet.waitUntilRegistered()
                if !Task.isCancelled { ready() }
                return false
            }
            defer { group.cancelAll() }
            while try await group.next() == false {}
        }
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
