internal import APIMachinery

extension APIServer {
    /// exec, attach and portforward of a pod: decides what is meant, then joins the client with the node agent.
    func podStream(_ context: inout RequestContext, _ connector: any BackendConnector) async throws(Status) -> APIResponse {
        let options = try PodStreamOptions(context.request, subresource: context.info.subresource)
        try await admitConnected(options.json, .connect, context.info.subresource, .none, false, &context)
        let pod = context.resource.object(try await requestedItem(context))
        var path = "/\(options.kind.kubeletPath)/\(pod.namespace)/\(pod.name)"
        if options.kind != .portForward { path += "/" + (try ContainerChoice.container(of: pod, asked: options.container)) }
        let node = pod["spec"]?["nodeName"]?.stringValue ?? ""
        guard !node.isEmpty else { throw .badRequest("pod \(pod.name) does not have a host assigned") }
        let address = try await objects.nodeAddress(node)
        guard context.request.asksForUpgrade else { throw .badRequest("Upgrade request required") }
        var request = ForwardedRequest.upgrading(context.request, from: context.caller)
        request.path = path
        request.query = options.query
        // Who the node agent is asked as stands in the certificate, and what it is called in the address.
        request.headers["Host"] = nil
        return try await upgrade(
            BackendRequest(host: address.host, port: address.port, security: .kubelet, request: request), connector)
    }

    /// Sends a request that is to leave HTTP, and joins the two connections when it has.
    func upgrade(_ request: BackendRequest, _ connector: any BackendConnector) async throws(Status) -> APIResponse {
        let answer: BackendAnswer
        do throws(BackendError) { answer = try await connector.send(request) } catch {
            throw Status(code: 500, reason: .unknown, message: "error dialing backend: \(error)")
        }
        if answer.status == 101 {
            return APIResponse(
                status: 101, headers: answer.headers, body: .upgrade { client in Tunnel(client: client, backend: answer.connection).run() })
        }
        guard answer.status >= 400 else {
            answer.connection.close()
            throw Status(code: 500, reason: .unknown, message: "invalid upgrade response: status code \(answer.status)")
        }
        // A refusal is the backend's word, passed on as it is.
        return APIResponse(
            status: answer.status, headers: ForwardedRequest.endToEnd(answer.headers), body: .streaming(answer.connection))
    }
}

/// core/v1 PodExecOptions, PodAttachOptions, PodPortForwardOptions from the query.
struct PodStreamOptions: Hashable, Sendable {
    enum Kind: String, Sendable {
        case exec = "PodExecOptions"
        case attach = "PodAttachOptions"
        case portForward = "PodPortForwardOptions"

        var kubeletPath: String {
            switch self {
            case .exec: "exec"
            case .attach: "attach"
            case .portForward: "portForward"
            }
        }
    }

    var kind: Kind
    var container = ""
    var command: [String] = []
    /// Those of stdin, stdout, stderr, tty that are asked for.
    var streams: [String] = []
    var ports: [Int32] = []

    init(_ request: APIRequest, subresource: String) throws(Status) {
        kind = subresource == "exec" ? .exec : subresource == "attach" ? .attach : .portForward
        if kind == .portForward {
            for text in request.query where text.name == "ports" {
                for port in text.value.split(separator: ",") {
                    guard let number = Int32(port) else {
                        throw .badRequest("strconv.ParseInt: parsing \(String(port).quoted): invalid syntax")
                    }
                    ports.append(number)
                }
            }
            return
        }
        container = request.parameter("container") ?? ""
        streams = ["stdin", "stdout", "stderr", "tty"].filter { request.flag($0) }
        if kind == .exec { command = request.query.filter { $0.name == "command" }.map(\.value) }
    }

    /// As admission sees it.
    var json: JSONObject {
        var json: JSONObject = ["kind": .string(kind.rawValue), "apiVersion": "v1"]
        for stream in streams { json.append(stream, true) }
        if !container.isEmpty { json.append("container", .string(container)) }
        if kind == .exec { json.append("command", .array(command.map { .string($0) })) }
        if !ports.isEmpty { json.append("ports", .array(ports.map { .integer(Int64($0)) })) }
        return json
    }

    /// What the node agent is told, in alphabetical order.
    var query: [APIRequest.Parameter] {
        if kind == .portForward {
            return ports.isEmpty ? [] : [.init(name: "port", value: ports.map(String.init).joined(separator: ","))]
        }
        var query = command.map { APIRequest.Parameter(name: "command", value: $0) }
        for (stream, name) in [("stderr", "error"), ("stdin", "input"), ("stdout", "output"), ("tty", "tty")] where streams.contains(stream)
        {
            query.append(.init(name: name, value: "1"))
        }
        return query
    }
}

/// Two connections that have left HTTP, joined: what one says the other hears, until one of them ends.
struct Tunnel: Sendable {
    let client: any RawConnection
    let backend: any RawConnection

    func run() {
        Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await Self.copy(from: client, to: backend) }
                group.addTask { await Self.copy(from: backend, to: client) }
                await group.next()
                group.cancelAll()
            }
            client.close()
            backend.close()
        }
    }

    /// Ends with either side: an error is an end like another.
    private static func copy(from source: any RawConnection, to sink: any RawConnection) async {
        do {
            while let bytes = try await source.read() { try await sink.write(bytes) }
        } catch {}
    }
}
