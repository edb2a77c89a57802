internal import APIMachinery
internal import CRI
internal import HTTPServer
internal import KubernetesAPI

/// exec, attach, run and port forwarding.
extension KubeletService {
    func exec(_ path: KubeletRoute.ContainerPath, _ request: APIRequest) async throws(KubeletRefusal) -> APIResponse {
        let options = try RemoteCommandOptions(request)
        let id = try await runningContainer(path)
        let session = RemoteCommandSession(
            open: { [runtime] () throws(RuntimeError) in
                try await runtime.exec(id, command: options.command, streams: StreamOptions(options))
            }, failure: "error executing command in container")
        return try remoteCommand(request, options, session)
    }

    func attach(_ path: KubeletRoute.ContainerPath, _ request: APIRequest) async throws(KubeletRefusal) -> APIResponse {
        let options = try RemoteCommandOptions(request)
        let id = try await runningContainer(path)
        let session = RemoteCommandSession(
            open: { [runtime] () throws(RuntimeError) in try await runtime.attach(id, streams: StreamOptions(options)) },
            failure: "error attaching to container")
        return try remoteCommand(request, options, session)
    }

    /// A command with its output as the answer.
    func run(_ path: KubeletRoute.ContainerPath, _ request: APIRequest) async throws(KubeletRefusal) -> APIResponse {
        let id = try await runningContainer(path)
        let command = (request.parameter("cmd") ?? "").split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        do throws(RuntimeError) {
            let result = try await runtime.execSync(id, command: command, timeout: nil)
            let output = result.stdout + result.stderr
            guard result.exitCode == 0 else {
                let text = String(decoding: output, as: UTF8.self)
                throw RuntimeError(.failed, "command '\(command.joined(separator: " "))' exited with \(result.exitCode): \(text)")
            }
            return APIResponse(status: 200, headers: ["Content-Type": "text/plain; charset=utf-8"], body: .bytes(output))
        } catch {
            throw KubeletRefusal(500, "\(error)")
        }
    }

    func portForward(_ pod: Pod, _ request: APIRequest) async throws(KubeletRefusal) -> APIResponse {
        let sandbox = try await readySandbox(of: pod)
        let connect: @Sendable (UInt16) async throws(RuntimeError) -> any ByteChannel = { [runtime] port throws(RuntimeError) in
            try await runtime.portForward(sandbox: sandbox, port: port)
        }
        let session = PortForwardSession(connect: connect, podName: pod.name)
        if let handshake = WebSocketHandshake(request) {
            if handshake.chosen(of: [PortForwardSession.tunnelSubprotocol]) != nil {
                return handshake.accepted(PortForwardSession.tunnelSubprotocol) { connection in
                    Task { await session.run(WebSocketTunnel(WebSocketConnection(connection))) }
                }
            }
            guard let chosen = handshake.chosen(of: WebSocketPortForward.protocols) else {
                throw Self.noCommonProtocol(handshake.protocols)
            }
            let forward = WebSocketPortForward(
                connect: connect, podName: pod.name, ports: try Self.ports(request), isBase64: chosen.contains("base64"))
            return handshake.accepted(chosen) { connection in Task { await forward.run(connection) } }
        }
        return try SPDYUpgrade(request, protocols: [PortForwardSession.subprotocol]).accepted { connection, _ in
            await session.run(connection)
        }
    }

    private static func ports(_ request: APIRequest) throws(KubeletRefusal) -> [UInt16] {
        let texts = request.query.filter { $0.name == "port" || $0.name == "ports" }.flatMap { $0.value.split(separator: ",") }
        guard !texts.isEmpty else { throw KubeletRefusal(400, "query parameter \"port\" is required") }
        // A channel has one byte for its number.
        guard texts.count <= 100 else { throw KubeletRefusal(400, "too many ports") }
        var ports: [UInt16] = []
        for text in texts {
            guard let port = UInt16(text), port > 0 else { throw KubeletRefusal(400, "unable to parse \"\(text)\" as a port") }
            ports.append(port)
        }
        return ports
    }

    private func remoteCommand(
        _ request: APIRequest, _ options: RemoteCommandOptions, _ session: RemoteCommandSession
    ) throws(KubeletRefusal) -> APIResponse {
        if let handshake = WebSocketHandshake(request) {
            guard let chosen = handshake.chosen(of: WebSocketRemoteCommand.protocols) else {
                throw Self.noCommonProtocol(handshake.protocols)
            }
            let silence = WebSocketRemoteCommand.silence(userAgent: request.headers["User-Agent"] ?? "")
            return handshake.accepted(chosen) { connection in
                Task {
                    let client = WebSocketRemoteCommand(WebSocketConnection(connection), subprotocol: chosen, silence: silence)
                    // Nothing on an output says that the connection stands; clients wait for that.
                    if options.stdout || options.stderr { try? await client.greet(options.stdout ? .stdout : .stderr) }
                    await session.run(client)
                }
            }
        }
        return try SPDYUpgrade(request, protocols: SPDYRemoteCommand.protocols).accepted { connection, chosen in
            guard let client = await SPDYRemoteCommand.opened(connection, subprotocol: chosen, options) else { return connection.close() }
            await session.run(client)
        }
    }

    private static func noCommonProtocol(_ offered: [String]) -> KubeletRefusal {
        KubeletRefusal(400, "unable to negotiate protocol: client supports [\(offered.joined(separator: " "))]")
    }

    // MARK: what runs

    /// - Throws: 404 without the pod, 500 when the container does not run, as the kubelet has it.
    private func runningContainer(_ path: KubeletRoute.ContainerPath) async throws(KubeletRefusal) -> String {
        let pod = try pod(path.namespace, path.pod, path.uid)
        var filter = ContainerFilter()
        filter.state = .running
        filter.labels = [RuntimeLabels.podUID: pod.uid, RuntimeLabels.containerName: path.container]
        let running = (try? await runtime.listContainers(filter)) ?? []
        guard let newest = running.max(by: { $0.createdAt < $1.createdAt }) else {
            throw KubeletRefusal(500, "container not found (\"\(path.container)\")")
        }
        return newest.id
    }

    private func readySandbox(of pod: Pod) async throws(KubeletRefusal) -> String {
        var filter = PodSandboxFilter()
        filter.state = .ready
        filter.labels = [RuntimeLabels.podUID: pod.uid]
        let ready = (try? await runtime.listPodSandbox(filter)) ?? []
        guard let newest = ready.max(by: { $0.createdAt < $1.createdAt }) else {
            throw KubeletRefusal(500, "pod not found (\"\(pod.name)_\(pod.namespace)\")")
        }
        return newest.id
    }
}

extension StreamOptions {
    init(_ options: RemoteCommandOptions) {
        self.init()
        (stdin, stdout, stderr, tty) = (options.stdin, options.stdout, options.stderr, options.tty)
    }
}

/// A request to leave HTTP for SPDY/3.1, after apimachinery's httpstream.
struct SPDYUpgrade: Sendable {
    private let chosen: String

    /// - Throws: 400 for a request that asks for nothing of the kind, 403 when there is no protocol in common.
    init(_ request: APIRequest, protocols: [String]) throws(KubeletRefusal) {
        guard request.headers.all("Connection").contains(where: { $0.lowercased().contains("upgrade") }),
            request.headers.all("Upgrade").contains(where: { $0.lowercased().contains("spdy/3.1") })
        else { throw KubeletRefusal(400, "unable to upgrade: missing upgrade headers in request: Connection: Upgrade, Upgrade: SPDY/3.1") }
        let offered = request.headers.all("X-Stream-Protocol-Version").flatMap { $0.split(separator: ",") }.map {
            String($0.filter { $0 != " " })
        }
        // The first clients sent none, and spoke the plainest one.
        guard let found = offered.isEmpty ? protocols.last : protocols.first(where: offered.contains) else {
            throw KubeletRefusal(
                403,
                "unable to upgrade: unable to negotiate protocol: client supports [\(offered.joined(separator: " "))], "
                    + "server accepts [\(protocols.joined(separator: " "))]")
        }
        chosen = found
    }

    func accepted(_ body: @escaping @Sendable (any RawConnection, String) async -> Void) -> APIResponse {
        let chosen = chosen
        return APIResponse(
            status: 101, headers: ["Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": chosen],
            body: .upgrade { connection in Task { await body(connection, chosen) } })
    }
}
