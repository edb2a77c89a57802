internal import APIMachinery

extension APIServer {
    /// GET on `pods/NAME/log`: what the node agent has of a container's output, as it comes.
    func podLog(_ context: RequestContext, _ connector: any BackendConnector) async throws(Status) -> APIResponse {
        let options = try PodLogOptions(context.request, podName: context.info.name)
        let pod = context.resource.object(try await requestedItem(context))
        let container = try ContainerChoice.container(of: pod, asked: options.container)
        let node = pod["spec"]?["nodeName"]?.stringValue ?? ""
        // Nothing runs, so nothing was said.
        if node.isEmpty { return APIResponse(status: 204) }
        let address = try await objects.nodeAddress(node)
        let request = BackendRequest(
            host: address.host, port: address.port, security: options.insecureSkipTLSVerifyBackend ? .unverifiedKubelet : .kubelet,
            request: APIRequest(
                path: "/containerLogs/\(pod.namespace)/\(pod.name)/\(container)", query: options.query,
                headers: ["Accept": "*/*", "User-Agent": "kube-apiserver"]))
        let answer: BackendAnswer
        do throws(BackendError) { answer = try await connector.send(request) } catch {
            throw Status(code: 500, reason: .unknown, message: "Get \(request.url.quoted): \(error)")
        }
        guard (200...206).contains(answer.status) else { throw await Self.logRefusal(answer, pod.name) }
        return APIResponse(
            status: 200, headers: ["Content-Type": "text/plain", "Cache-Control": "no-cache, private"], body: .streaming(answer.connection))
    }

    /// What the node agent said instead, after upstream's GenericHttpResponseChecker.
    private static func logRefusal(_ answer: BackendAnswer, _ name: String) async -> Status {
        let bytes = (try? await answer.collect(upTo: 50_000)) ?? []
        let text = String(decoding: bytes, as: UTF8.self)
        switch answer.status {
        case 400: return .badRequest(text)
        case 404:
            var details = Status.Details()
            details.name = name
            details.kind = "pods/log"
            return Status(
                code: 404, reason: .notFound, message: "the server could not find the requested resource ( pods/log \(name))",
                details: details)
        case 500: return .internalError(text)
        default: return Status(code: Int32(answer.status), reason: .unknown, message: "\(text) ( pods/log \(name))")
        }
    }
}

extension APIResponse.Body {
    /// What comes from a connection until it ends, no faster than the client takes it.
    static func streaming(_ source: any RawConnection) -> APIResponse.Body {
        .stream { stream in
            stream.onClose { source.close() }
            Task {
                // A source that breaks off ends the stream: the status line has long gone.
                while let bytes = try? await source.read(), stream.write(bytes), await stream.waitForRoom() {}
                source.close()
                stream.finish()
            }
        }
    }
}
