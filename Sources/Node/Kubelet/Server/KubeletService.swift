internal import APIMachinery
internal import CRI
internal import HTTPServer
internal import KubernetesAPI

/// Answers requests that are allowed.
struct KubeletService: Sendable {
    let configuration: KubeletServer.Configuration
    let node: NodeServices
    let runtime: any RuntimeService
    let stats: StatsProvider

    func answer(_ request: APIRequest) async throws(KubeletRefusal) -> APIResponse {
        switch try KubeletRoute(method: request.method, path: request.path) {
        case .health: return .plainText("ok")
        case .pods: return podList(node.table.all.map(\.pod))
        case .runningPods: return podList(try await runningPods())
        case .configuration: return .json(["kubeletconfig": node.configuration.configz])
        case .containerLog(let path): return try await containerLog(path, request)
        case .exec(let path): return try await exec(path, request)
        case .attach(let path): return try await attach(path, request)
        case .run(let path): return try await run(path, request)
        case .portForward(let namespace, let name, let uid): return try await portForward(try pod(namespace, name, uid), request)
        case .logFile(let path): return try await NodeLogs(root: configuration.logsDirectory).answer(path, node)
        case .statsSummary: return .json(try await figures { () throws(RuntimeError) in try await stats.summary() })
        case .metrics(let kind): return try await metrics(kind)
        case .probes(let namespace, let name):
            let pod = try pod(namespace, name, nil)
            let histories = node.table[pod.uid]?.probes.histories ?? []
            return .json([
                "namespace": .string(pod.namespace), "name": .string(pod.name), "uid": .string(pod.uid),
                "probes": .array(histories.map(\.json)),
            ])
        case .checkpoint: throw KubeletRefusal(501, "checkpoint: this node's runtime cannot checkpoint containers (CRIU is not used)")
        }
    }

    // MARK: pods

    /// - Throws: 404.
    func pod(_ namespace: String, _ name: String, _ uid: String?) throws(KubeletRefusal) -> Pod {
        let found = node.table.entries(namespace: namespace, name: name).map(\.pod)
        guard let pod = uid == nil ? found.last : found.first(where: { $0.uid == uid }) else {
            throw KubeletRefusal(404, "pod does not exist")
        }
        return pod
    }

    private func podList(_ pods: [Pod]) -> APIResponse {
        let sorted = pods.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
        return .json(["kind": "PodList", "apiVersion": "v1", "metadata": .object(JSONObject()), "items": .array(sorted.map(\.json))])
    }

    /// As the runtime has them: names and containers, no status.
    private func runningPods() async throws(KubeletRefusal) -> [Pod] {
        var filter = ContainerFilter()
        filter.labels = node.configuration.ownerLabels
        filter.state = .running
        let wanted = filter
        let containers = try await figures { () throws(RuntimeError) in try await runtime.listContainers(wanted) }
        return Dictionary(grouping: containers) { $0.labels[RuntimeLabels.podUID] ?? "" }.values.map { containers in
            Pod { pod in
                pod.metadata.uid = containers[0].labels[RuntimeLabels.podUID]
                pod.metadata.name = containers[0].labels[RuntimeLabels.podName]
                pod.metadata.namespace = containers[0].labels[RuntimeLabels.podNamespace]
                pod.spec.containers = containers.map { status in
                    Container {
                        $0.name = status.metadata.name
                        $0.image = status.image.userSpecifiedImage
                    }
                }
            }
        }
    }

    /// - Throws: 500 in the runtime's words.
    private func figures<Value>(_ read: () async throws(RuntimeError) -> Value) async throws(KubeletRefusal) -> Value {
        do throws(RuntimeError) { return try await read() } catch { throw KubeletRefusal(500, "\(error)") }
    }

    // MARK: metrics

    private func metrics(_ kind: KubeletRoute.Metrics) async throws(KubeletRefusal) -> APIResponse {
        let text: String
        switch kind {
        case .own: text = ([ownMetrics] + configuration.metrics.map { $0() }).joined()
        case .probes: text = ProbeMetrics.text(node.table.all.map { ($0.pod, $0.probes.histories) })
        case .resource: text = ResourceMetrics.text(try await snapshot())
        case .cadvisor: text = CadvisorMetrics.text(try await snapshot(), coreCount: ProcessorCount.online)
        }
        return .plainText(text, type: PrometheusText.contentType)
    }

    private func snapshot() async throws(KubeletRefusal) -> StatsProvider.Snapshot {
        try await figures { () throws(RuntimeError) in try await stats.snapshot() }
    }

    private var ownMetrics: String {
        let pods = node.table.all.map(\.pod)
        var output = PrometheusText()
        output.begin("kubelet_node_name", .gauge, "[ALPHA] The node's name. The count is always 1.")
        output.add("kubelet_node_name", [("node", node.configuration.nodeName)], "1")
        output.begin("kubelet_running_pods", .gauge, "[BETA] Number of pods that have a running pod sandbox")
        output.add("kubelet_running_pods", [], "\(pods.filter { $0.status.phase == "Running" }.count)")
        output.begin("kubelet_running_containers", .gauge, "[BETA] Number of containers currently running")
        let running = pods.reduce(0) { $0 + $1.status.containerStatuses.filter { $0.state.running != nil }.count }
        output.add("kubelet_running_containers", [("container_state", "running")], "\(running)")
        return output.text
    }

    // MARK: logs

    private func containerLog(_ path: KubeletRoute.ContainerPath, _ request: APIRequest) async throws(KubeletRefusal) -> APIResponse {
        let options = try LogOptions(request, now: node.clock.wallTime)
        let pod: Pod
        do throws(KubeletRefusal) { pod = try self.pod(path.namespace, path.pod, path.uid) } catch {
            throw KubeletRefusal(404, "pod \"\(path.pod)\" does not exist")
        }
        let names = pod.spec.containers.map(\.name) + pod.spec.initContainers.map(\.name) + pod.spec.ephemeralContainers.map(\.name)
        guard names.contains(path.container) else {
            throw KubeletRefusal(404, "container \"\(path.container)\" not found in pod \"\(path.pod)\"")
        }
        let id = try LogTarget.instance(of: path.container, in: pod, previous: options.previous)
        guard let status = try? await runtime.containerStatus(id), !status.logPath.isEmpty else {
            throw KubeletRefusal(400, "unable to retrieve container logs for container \(id): the runtime does not have it any more")
        }
        let log = LogStream(
            path: status.logPath, containerID: id, options: options, runtime: runtime, executor: node.configuration.blockingExecutor,
            clock: node.clock)
        return APIResponse(
            status: 200, headers: ["Content-Type": "text/plain"], body: .stream { client in Task { await log.run(client) } })
    }
}
