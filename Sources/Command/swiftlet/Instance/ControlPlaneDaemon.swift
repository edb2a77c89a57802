internal import APIMachinery
internal import ClusterDNS
internal import ControlPlane
internal import Controllers
internal import HTTPServer
internal import ImageStore
internal import Kubelet
internal import LinuxSystem
internal import Netlink
internal import NodeSimulation

/// The control plane as this process, or as one in the background; with a node agent beside it, or alone.
struct ControlPlaneDaemon {
    private let options: ControlPlaneOptions
    private let agent: NodeAgent.Settings?
    private let addresses: ClusterAddresses
    private let simulation: SimulatedNodes.Configuration?

    /// - Parameters:
    ///   - agent: nil: none.
    ///   - simulation: Nodes that only say that they run pods; nil: none.
    /// - Throws: `UsageError`.
    init(_ options: ControlPlaneOptions, agent: NodeAgent.Settings? = nil, simulation: SimulatedNodes.Configuration? = nil) throws {
        self.options = options
        addresses = try ClusterAddresses(
            cluster: options.clusterCIDR, pods: agent.flatMap { $0.place.isPodCIDRGiven ? $0.place.podCIDR : nil },
            services: options.serviceCIDR, maskSize: options.nodeCIDRMaskSize)
        self.simulation = simulation
        guard var agent else {
            self.agent = nil
            return
        }
        agent.place.podCIDR = addresses.podCIDR
        agent.place.clusterCIDRs = [addresses.clusterCIDR]
        if options.podRouting == .vxlan { agent.place.mtu = PodTunnel.mtu(on: agent.outline.hostIPs.first) }
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
        let (configuration, controllers, balancers) = (try configuration(), try options.controllerChoice(), try options.loadBalancers())
        let nodes = try options.nodeSettings()
        Machine.raiseDescriptorLimit()
        let interruption = try Interruption()
        try Files.makeDirectories(runDirectory, mode: 0o711)
        let daemon = DaemonFile(runDirectory: runDirectory, role: .server)
        try daemon.claim()
        defer { daemon.release() }
        let server = try await ControlPlaneServer.start(configuration)
        do {
            let volumes = agent.map {
                LocalVolumes.ofNode($0.place.nodeName, root: "\(options.directories.absoluteDataDirectory)/local-volumes")
            }
            let loops = ControlLoops(
                server, schedules: options.scheduler, controllers: controllers, localVolumes: volumes, loadBalancers: balancers,
                isPortOccupied: agent == nil ? nil : PortProbe.ofThisMachine, simulation: simulation, nodes: nodes
            ) { Output.warn("swiftlet: \($0)") }
            let node = try await startAgent(server)
            let agent = node?.agent
            let network = try await startNetwork(agent, server, loops)
            let work = Task {
                await withDiscardingTaskGroup { group in
                    group.addTask { await loops.run() }
                    if let network { group.addTask { await network.run() } }
                    if let api = node?.api { group.addTask { await renewCertificate(api, server) } }
                }
            }
            defer { work.cancel() }
            let answers = ControlAnswers(server: server, agent: agent, startTime: .now(), loops: loops)
            let questions = try ControlSocket.serve(.server, runDirectory: runDirectory) { await answers.answer($0) }
            defer { questions.close() }
            try await run(agent, loops.simulatedNodes, until: interruption) {
                Output.print("ready in \(Int(start.duration(to: .now) / .milliseconds(1))) ms")
                Output.print("export KUBECONFIG=\(server.kubeconfigPath)")
            }
            await node?.api.stop()
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    /// With an agent beside it, pods find the API server and DNS at their gateway.
    private func configuration() throws -> ControlPlaneServer.Configuration {
        var configuration = try options.configuration()
        configuration.hasLocalVolumes = agent != nil
        configuration.network.clusterCIDRs = [addresses.clusterCIDR]
        // Nodes' DNS servers are found by this controller; without it and without an own one there is nobody behind the service.
        configuration.hasClusterDNS = try options.clusterDNS && options.controllerChoice().contains(Self.dnsController)
        guard let agent, let pods = IPPrefix(agent.place.podCIDR), let gateway = pods.network.host(1) else { return configuration }
        configuration.podAddress = gateway.address.description
        if options.clusterDNS {
            configuration.clusterDNSBackend = configuration.podAddress
            configuration.clusterDNSNode = agent.place.nodeName
        }
        return configuration
    }

    private func startNetwork(_ agent: NodeAgent?, _ server: ControlPlaneServer, _ loops: ControlLoops) async throws -> ClusterNetwork? {
        guard let agent, let place = self.agent?.place else { return nil }
        let client = server.client(user: "system:kube-proxy", groups: [], userAgent: "kube-proxy/\(Version.kubernetes)")
        return try await ClusterNetwork.start(
            agent.runtime,
            .init(
                nodeName: place.nodeName, network: facts(server), answersNames: options.clusterDNS, policies: options.networkPolicies),
            client: client, informers: loops.informers)
    }

    private func facts(_ server: ControlPlaneServer) -> ClusterNetworkFacts {
        var facts = server.configuration.network
        facts.serviceCIDR = options.serviceCIDR
        return facts
    }

    /// Shows another certificate of the agent's API long before the old one ends.
    private func renewCertificate(_ api: KubeletServer, _ server: ControlPlaneServer) async {
        guard let agent else { return }
        while (try? await Task.sleep(for: .seconds(30 * 24 * 3600))) != nil {
            do {
                try api.replace(try server.kubeletIdentity(nodeName: agent.place.nodeName, addresses: agent.outline.hostIPs))
            } catch {
                Output.warn("swiftlet: renew the certificate of this node's API: \(error)")
            }
        }
    }

    /// The node's agent, as a client of this very process, and its own API.
    private func startAgent(_ server: ControlPlaneServer) async throws -> (agent: NodeAgent, api: KubeletServer)? {
        guard var settings = agent else { return nil }
        if let address = server.clusterDNSAddress { settings.change { if $0.clusterDNS.isEmpty { $0.clusterDNS = [address] } } }
        let nodeName = settings.place.nodeName
        let instance = try await Instance.open(settings.place, for: .agent, registries: settings.registries, logs: settings.logPolicy)
        let outline = settings.outline
        let client = server.client(user: "system:node:\(nodeName)", groups: ["system:nodes"], userAgent: "kubelet/\(Version.kubernetes)")
        let identity = try server.kubeletIdentity(nodeName: nodeName, addresses: outline.hostIPs)
        let api = try await KubeletServer.listen(as: outline, identity: identity)
        settings.change { $0.port = Int32(api.port) }
        let agent = try NodeAgent(instance, settings, api: client)
        api.serve(agent.kubelet, runtime: agent.runtime, client: client)
        server.attach(LocalAgent(addresses: outline.hostIPs + [nodeName], port: api.port) { await api.answer($0) })
        return (agent, api)
    }

    /// - Parameter ready: Called once pods can be started.
    private func run(
        _ agent: NodeAgent?, _ simulated: SimulatedNodes?, until interruption: Interruption, ready: @escaping @Sendable () -> Void
    ) async throws {
        guard let agent else {
            let announcement = Task {
                await simulated?.waitUntilRegistered()
                if !Task.isCancelled { ready() }
            }
            _ = await interruption.signal()
            announcement.cancel()
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
        _ = (try options.configuration(), try options.controllerChoice(), try options.loadBalancers(), try options.nodeSettings())
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
        case let error as DNSServerError:
            EnvironmentError(problem: error.description, mend: "end what listens there, or start with --no-cluster-dns")
        case let error as SystemError where [.accessDenied, .notPermitted].contains(error.errno):
            EnvironmentError(problem: error.description, mend: Self.privilegeMend)
        default: error
        }
    }

    private static let dnsController = "node-dns-endpoints"

    private static let privilegeMend = "run it with sudo, or name --data-dir and --run-dir of your own and a port above 1023"
}
