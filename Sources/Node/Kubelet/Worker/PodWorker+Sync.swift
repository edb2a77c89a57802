internal import APIMachinery
internal import CRI
internal import KubernetesAPI

extension PodWorker {
    /// One look at the pod: publish what is, do what is missing.
    mutating func sync() async {
        let runtime: PodRuntimeStatus
        do {
            runtime = try await observe()
        } catch {
            send(.warning, "FailedSync", "error determining status: \(error)")
            return look(after: errorPeriod)
        }
        await recallResources(runtime)
        if let rejection = await admitOrPreempt(runtime) { return reject(rejection) }
        checkDeadline(runtime)
        await judgeResize(runtime)
        let resizeBefore = resize
        let status = await publish(runtime)
        if PodPhase(rawValue: status.phase ?? "")?.isTerminal ?? false {
            isOver = true
            return look(after: .zero)
        }
        guard await prepare() else { return look(after: mountRetry ?? errorPeriod) }
        let resizing = await giveResources(runtime)
        if resize != resizeBefore { await publish(runtime) }
        let actions = PodActions.compute(entry.pod, runtime, entry.probes.verdicts, resizing: resizing)
        if actions.isNothing { return await prune(runtime) }
        await perform(actions, runtime)
        if let runtime = try? await observe() {
            await prune(runtime)
            await publish(runtime)
        }
    }

    /// A critical pod that the node has no room for ends others, and is judged again.
    private func admitOrPreempt(_ runtime: PodRuntimeStatus) async -> Admission.Rejection? {
        let rejection = admit(runtime)
        guard let rejection, rejection.isOfResources, entry.pod.isCritical else { return rejection }
        let others = node.table.admittedPods.filter { $0.uid != entry.uid }
        switch CriticalPreemption.plan(for: entry.pod, among: others, node.configuration) {
        case .impossible(let text): return Admission.Rejection(reason: "UnexpectedAdmissionError", message: text)
        case .preempt(let uids):
            let victims = uids.compactMap { node.table[$0] }
            for victim in victims {
                node.events.send(.warning, "Preempting", CriticalPreemption.message, victim.pod)
                victim.end(
                    .init(reason: "Preempting", message: CriticalPreemption.message, disruption: CriticalPreemption.disruption),
                    gracePeriodSeconds: victim.pod.terminationGracePeriodSeconds)
            }
            for victim in victims { _ = await victim.over.waitUnlessCancelled() }
            return admit(runtime)
        }
    }

    /// A pod that has begun is not judged again.
    private func admit(_ runtime: PodRuntimeStatus) -> Admission.Rejection? {
        if entry.with({ $0.isAdmitted }) { return nil }
        let (configuration, own, pressures) = (node.configuration, node.ownNode, node.health.current.pressures)
        let rejection = node.table.admit(entry) { pod, others in
            runtime.isEmpty ? Admission.judge(pod, others: others, configuration, node: own.object, pressures: pressures) : nil
        }
        if rejection == nil, runtime.isEmpty {
            for finding in UnsupportedFields.find(in: entry.pod, isInCluster: configuration.isInCluster) {
                send(.warning, PodEvent.unsupportedField, "\(finding.path): \(finding.what)")
            }
            for problem in ProbePeriods.problems(entry.pod) { send(.warning, PodEvent.unsupportedField, problem) }
        }
        return rejection
    }

    private mutating func reject(_ rejection: Admission.Rejection) {
        send(.warning, rejection.reason, rejection.message)
        let pod = entry.pod
        let now = node.clock.wallTime
        node.table.publish(
            PodStatus {
                $0.phase = PodPhase.failed.rawValue
                $0.reason = rejection.reason
                $0.message = "Pod was rejected: \(rejection.message)"
                $0.observedGeneration = pod.metadata.generation
                $0.qosClass = QoSClass(of: pod).rawValue
                $0.startTime = now.truncatedToSeconds
            }, of: entry)
        settle()
    }

    private mutating func checkDeadline(_ runtime: PodRuntimeStatus) {
        guard let seconds = entry.pod.spec.activeDeadlineSeconds, verdict == nil else { return }
        let begin =
            entry.status.startTime
            ?? runtime.sandboxes.map { Timestamp(nanosecondsSinceEpoch: $0.createdAt) }.min()?.truncatedToSeconds
            ?? node.clock.wallTime.truncatedToSeconds
        let deadline = begin + .seconds(seconds)
        guard deadline <= node.clock.wallTime else { return look(at: deadline) }
        let message = "Pod was active on the node longer than the specified deadline"
        verdict = .init(reason: "DeadlineExceeded", message: message)
        send(.normal, "DeadlineExceeded", message)
    }

    /// What the pod needs around its containers: cgroup, directories, user namespace, volumes. Done once.
    private mutating func prepare() async -> Bool {
        if volumes != nil {
            followChanges()
            return true
        }
        let pod = entry.pod
        if !hasSurroundings {
            guard await makeSurroundings(pod) else { return false }
            hasSurroundings = true
        }
        return await prepareVolumes(pod)
    }

    private mutating func makeSurroundings(_ pod: Pod) async -> Bool {
        let node = node
        do {
            unenforced = try await node.cgroups.ensure(PodCgroup(pod, node.configuration))
            for line in unenforced { send(.warning, PodEvent.notEnforced, line) }
            await node.updateClassShares()
        } catch {
            send(.warning, "FailedCreatePodContainer", "unable to ensure pod container exists: \(error)")
            return false
        }
        do {
            let needsUserNamespace = pod.spec.hostUsers == false
            userNamespace = try await node.blocking {
                try PodDirectories(pod, node.paths).make()
                return needsUserNamespace ? try node.userNamespaces.allocate(pod.uid) : nil
            }
        } catch {
            send(.warning, "Failed", "error making pod data directories: \(error)")
            return false
        }
        return true
    }

    private mutating func prepareVolumes(_ pod: Pod) async -> Bool {
        let node = node
        let now = node.clock.wallTime
        node.objects.register(pod)
        // What is tried again goes on.
        let step = mountStep ?? note(.volumes)
        mountStep = step
        do throws(VolumeErrors) {
            volumes = try await node.setUpVolumes(pod, now: now)
            close(step, detail: pod.spec.volumes.map(\.name).joined(separator: " "))
            mountFailure = nil
            preparedFor = pod
            return true
        } catch {
            let failure = MountFailure(error, after: mountFailure, at: now)
            close(step, failure: error.description)
            if failure.isToBeTold { for message in error.messages { send(.warning, "FailedMount", message) } }
            mountFailure = failure
            return false
        }
    }

    /// A pod whose labels have changed may show them in a volume; one whose images have changed may pull with another Secret.
    private mutating func followChanges() {
        let pod = entry.pod
        guard let old = preparedFor else { return }
        let isSame =
            old.metadata.labels == pod.metadata.labels && old.metadata.annotations == pod.metadata.annotations && old.spec == pod.spec
        guard !isSame else { return }
        preparedFor = pod
        node.objects.register(pod)
        node.volumes.refreshes.add(pod.uid)
    }

    /// When to try a mount again that failed; nil: when something else that is wrong is looked at again.
    private var mountRetry: Duration? { mountFailure?.retry }
}
