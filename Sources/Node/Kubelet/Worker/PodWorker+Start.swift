internal import APIMachinery
internal import CRI
internal import KubernetesAPI

extension PodWorker {
    /// Starts a container, unless it has ended too often to be started again already.
    mutating func startUnlessBackingOff(_ container: Container, in sandbox: PodSandboxStatus, _ runtime: PodRuntimeStatus) async -> Bool {
        if let end = backOff(container, runtime) {
            look(at: end)
            return false
        }
        do {
            try await start(container, in: sandbox, runtime)
            failures[container.name] = nil
            return true
        } catch {
            if error == .interrupted { return false }
            failures[container.name] = error
            // A container that was made and could not be started has ended: its back-off decides. Others are tried again later.
            look(after: error.leavesContainer ? Self.settlePeriod : errorPeriod)
            return false
        }
    }

    /// How long a state is shown before what follows from it: the period in which the kubelet asks its runtime what happened.
    private static let settlePeriod = Duration.seconds(1)

    /// Counts one more restart, or refuses it.
    ///
    /// - Returns: When the container may be started again; nil: now.
    private mutating func backOff(_ container: Container, _ runtime: PodRuntimeStatus) -> Timestamp? {
        guard let ended = runtime.instances(container.name).first(where: { $0.state == .exited }) else { return nil }
        let key = Self.backoffKey(container)
        let finished = Timestamp(nanosecondsSinceEpoch: ended.finishedAt)
        let now = node.clock.wallTime
        let end = restartBackoff.end(key, after: finished, now: now)
        let isNews = now - finished < Self.settlePeriod
        // First the world sees how it ended, and only then that it waits.
        if isNews, end != nil || failures[container.name]?.leavesContainer ?? false { return finished + Self.settlePeriod }
        guard let end else {
            restartBackoff.advance(key, after: finished, now: now)
            return nil
        }
        let reference = entry.pod.reference
        send(.warning, "BackOff", "Back-off restarting failed container \(container.name) in pod \(reference)", container: container.name)
        let delay = restartBackoff.delay(key).goText
        entry.steps.addWait(
            PodStep(
                .backOff, container: container.name, attempt: Int(ended.metadata.attempt) + 1, begin: finished, end: end,
                detail: "back-off \(delay)"))
        failures[container.name] = StartFailure(
            "CrashLoopBackOff", "back-off \(delay) restarting failed container=\(container.name) pod=\(reference)")
        return end
    }

    /// Another image or other resources begin a new series.
    private static func backoffKey(_ container: Container) -> String {
        "\(container.name)|\(container.image ?? "")|\(container.resources.json.serializedText())"
    }

    /// - Throws: `interrupted`, too.
    private mutating func start(
        _ container: Container, in sandbox: PodSandboxStatus, _ runtime: PodRuntimeStatus
    ) async throws(StartFailure) {
        let image = try await findImage(container)
        let (id, attempt) = try await create(container, image, in: sandbox, runtime)
        if entry.interrupt.hasFired { throw .interrupted }
        let step = note(.start, container.name, attempt: attempt)
        do {
            try await node.runtime.startContainer(id)
            close(step)
            _ = note(.run, container.name, attempt: attempt)
        } catch {
            let message = error.description
            close(step, failure: message)
            send(.warning, "Failed", "Error: \(message)", container: container.name)
            throw StartFailure(StartFailure.runContainerError, message)
        }
        send(.normal, "Started", "Container started", container: container.name)
        for line in (try? await node.runtime.containerStatus(id))?.unenforced ?? [] {
            send(.warning, PodEvent.notEnforced, "container \(container.name): \(line)", container: container.name)
        }
        try await runPostStart(container, id, attempt, podIP: sandbox.network.ip)
        await beginProbes(container, id, podIP: sandbox.network.ip)
    }

    private mutating func findImage(_ container: Container) async throws(StartFailure) -> Image {
        let step = note(.image, container.name, detail: container.image ?? "")
        do throws(StartFailure) {
            let image = try await ensureImage(container)
            close(step)
            return image
        } catch {
            close(step, failure: error == .interrupted ? "interrupted" : error.description)
            throw error
        }
    }

    private mutating func create(
        _ container: Container, _ image: Image, in sandbox: PodSandboxStatus, _ runtime: PodRuntimeStatus
    ) async throws(StartFailure) -> (id: String, attempt: UInt32) {
        let attempt = await nextAttempt(container, runtime)
        let step = note(.create, container.name, attempt: attempt)
        let builder = configBuilder
        do {
            var start = ConfigBuilder.Start(
                attempt: attempt, image: image, podIPs: [sandbox.network.ip] + sandbox.network.additionalIPs, volumes: volumes ?? [:])
            if sandbox.network.ip.isEmpty { start.podIPs = [] }
            start.supportsRecursiveReadOnly = node.mounts.supportsRecursiveReadOnly
            start.objects = await node.objects.read(environmentOf: container, in: entry.pod)
            for warning in try builder.environment(container, start).warnings {
                send(.warning, "InvalidEnvironmentVariableNames", warning)
            }
            var config = try builder.container(container, start)
            if let target = entry.pod.target(ofEphemeralContainer: container.name) {
                try Self.join(target, runtime, &config.securityContext.namespaceOptions)
            }
            try await makeFiles(container, attempt, podIPs: start.podIPs)
            let (sandboxConfig, _) = try builder.sandbox(attempt: sandbox.metadata.attempt)
            let id = try await node.runtime.createContainer(sandbox: sandbox.id, config, sandboxConfig)
            entry.add(sandboxIDs: [], containerIDs: [id])
            close(step)
            send(.normal, "Created", "Container created", container: container.name)
            return (id, attempt)
        } catch let failure as StartFailure {
            close(step, failure: failure.description)
            send(.warning, "Failed", "Error: \(failure.message)", container: container.name)
            throw failure
        } catch {
            close(step, failure: "\(error)")
            send(.warning, "Failed", "Error: \(error)", container: container.name)
            throw StartFailure("CreateContainerError", "\(error)")
        }
    }

    /// An ephemeral container sees the processes of its target, unless all of the pod's are seen anyway.
    private static func join(_ target: String, _ runtime: PodRuntimeStatus, _ namespaces: inout NamespaceOption) throws(StartFailure) {
        guard namespaces.pid == .container else { return }
        guard let running = runtime.latest(target), running.state == .running else {
            throw .configuration("target container \"\(target)\" is not running")
        }
        namespaces.pid = .target
        namespaces.targetID = running.id
    }

    /// Number of the next instance. One that was made and never started, by an agent that was killed between the two, is no instance.
    private func nextAttempt(_ container: Container, _ runtime: PodRuntimeStatus) async -> UInt32 {
        guard let latest = runtime.latest(container.name) else {
            let path = "\(node.paths.logDirectory(namespace: entry.pod.namespace, name: entry.pod.name, uid: entry.uid))/\(container.name)"
            return await node.blocking { Self.attempt(afterLogs: (try? PodFiles.list(path)) ?? []) }
        }
        guard latest.state == .created else { return latest.metadata.attempt + 1 }
        try? await node.runtime.removeContainer(latest.id)
        return latest.metadata.attempt
    }

    /// When the runtime has lost its records, the logs still tell: one more than the highest `N.log`.
    static func attempt(afterLogs names: [String]) -> UInt32 {
        let numbers = names.compactMap { name in UInt32(name.prefix { $0 != "." }) }
        return numbers.max().map { $0 + 1 } ?? 0
    }

    /// Files that are mounted into the container.
    private func makeFiles(_ container: Container, _ attempt: UInt32, podIPs: [String]) async throws {
        let pod = entry.pod
        let node = node
        let hosts = try hostsFile(podIPs: podIPs)
        let message = node.paths.terminationLog(pod.uid, container.name, attempt: attempt)
        let hasMessage = !(container.terminationMessagePath ?? ConfigBuilder.defaultTerminationMessagePath).isEmpty
        let user = userNamespace
        let isEphemeral = pod.isEphemeralContainer(container.name)
        try await node.blocking {
            if isEphemeral { try PodDirectories(pod, node.paths).make(for: container.name) }
            try PodFiles.overwrite(node.paths.hosts(pod.uid), Array(hosts.utf8), mode: 0o644)
            if hasMessage { try PodFiles.touch(message, mode: 0o666) }
            guard let uid = user?.uids.first?.hostID, let gid = user?.gids.first?.hostID else { return }
            try PodFiles.changeOwner(node.paths.hosts(pod.uid), uid: uid, gid: gid)
            if hasMessage { try PodFiles.changeOwner(message, uid: uid, gid: gid) }
        }
    }

    private func hostsFile(podIPs: [String]) throws(PodHostname.TooLong) -> String {
        let aliases = entry.pod.spec.hostAliases.map { HostsFile.Alias(ip: $0.ip, names: $0.hostnames) }
        if entry.pod.usesHostNetwork {
            return HostsFile.hostNetwork(nodeFile: node.configuration.nodeHostsFile, aliases: aliases)
        }
        let hostname = try configBuilder.hostname
        return HostsFile.podNetwork(ips: podIPs, hostname: hostname.shortName, domain: hostname.domain, aliases: aliases)
    }
}

extension StartFailure {
    /// Given up, because the pod is to end.
    static let interrupted = StartFailure("Interrupted", "")
    static let runContainerError = "RunContainerError"
    static let postStartHookError = "PostStartHookError"

    /// There is an ended container now, whose back-off decides about the next try.
    var leavesContainer: Bool { reason == Self.runContainerError || reason == Self.postStartHookError }
}
