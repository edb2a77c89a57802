internal import APIMachinery
internal import CRI
package import KubernetesAPI
internal import KubernetesClient

// The pods that are wanted: from manifests, and from the API server.
extension Kubelet {
    /// Says which pods are wanted by manifests. Pods of an earlier call that are missing are ended and removed; the others go on.
    ///
    /// - Parameter pods: With names, namespaces and UIDs, defaulted and valid.
    package func setPods(_ pods: [Pod]) {
        let accepted = withoutDuplicateNames(pods)
        let gone = sources.replaceFiles(accepted)
        for uid in gone { node.table[uid]?.delete(gracePeriodSeconds: nil, node.clock) }
        for pod in accepted { want(pod, from: .file) }
        sources.speak(.file)
        cluster?.mirrors.lookAtAll()
        relistNow.wake()
    }

    /// Adds pods to those that are wanted.
    package func addPods(_ pods: [Pod]) { setPods(sources.files + pods) }

    private func withoutDuplicateNames(_ pods: [Pod]) -> [Pod] {
        var names: Set<String> = []
        return pods.filter { pod in
            if names.insert("\(pod.namespace)/\(pod.name)").inserted { return true }
            let source = pod.metadata.annotations["kubernetes.io/config.source"] ?? "api"
            node.events.send(
                .warning, "FailedValidation",
                "Error validating pod \(pod.reference) from \(source) due to duplicate pod name \"\(pod.name)\", ignoring", pod)
            return false
        }
    }

    private func want(_ pod: Pod, from source: PodEntry.Source) {
        if let entry = node.table[pod.uid] {
            // A file's pod that is ending comes back once it is gone.
            if source == .api || entry.deletion == nil { entry.update(pod) }
            return
        }
        let predecessors = node.table.entries(namespace: pod.namespace, name: pod.name).map(\.removed)
        begin(PodEntry(pod, from: source, predecessors: predecessors, now: node.clock.wallTime))
    }

    func begin(_ entry: PodEntry) {
        if let found = sources.claim(entry.uid) { entry.add(found) }
        node.table.add(entry)
        showMirror(of: entry)
        node.background.start { [self] in
            var worker = PodWorker(entry, node)
            await worker.run()
            guard entry.removed.current != nil else { return }
            showMirror(of: entry)
            if let pod = sources[entry.uid] { want(pod, from: entry.source) }
        }
    }

    private func showMirror(of entry: PodEntry) {
        if entry.source == .file { cluster?.mirrors.look(ObjectKey(entry.pod)) }
    }

    /// Ends a pod and removes all of it, also when it is over already. A pod of the API server is deleted there, which ends it.
    ///
    /// - Parameter gracePeriodSeconds: nil: the pod's own. A later call may only shorten it.
    package func delete(_ uid: PodUID, gracePeriodSeconds: Int64? = nil) {
        guard let entry = node.table[uid] else { return sources.removeFile(uid) }
        if let cluster, entry.source == .api, !entry.mayBeRemoved {
            return node.background.start { await cluster.delete(entry.pod, gracePeriodSeconds: gracePeriodSeconds) }
        }
        sources.removeFile(uid)
        entry.delete(gracePeriodSeconds: gracePeriodSeconds, node.clock)
    }

    /// Waits until the pod has reached Succeeded or Failed.
    ///
    /// - Returns: nil when there is no such pod, or the task was cancelled first.
    package func waitUntilTerminal(_ uid: PodUID) async -> PodStatus? { await node.table[uid]?.over.waitUnlessCancelled() ?? nil }

    /// Waits until nothing is left of the pod; at once when there is none.
    package func waitUntilRemoved(_ uid: PodUID) async { _ = await node.table[uid]?.removed.waitUnlessCancelled() }
}

extension Kubelet {
    /// Takes in what the API server says of this node's pods, and lets it know of theirs.
    func follow(_ cluster: ClusterLink) {
        node.table.observe { cluster.status.look($0.uid) }
        cluster.followPods { [self] event in
            switch event {
            case .added(let pod): take(pod, cluster)
            case .updated(let old, let new):
                // Deleted and made anew while nobody watched.
                if old.uid != new.uid { forget(old, cluster) }
                take(new, cluster)
            case .deleted(let pod): forget(pod, cluster)
            }
        }
    }

    func waitForAPI(_ cluster: ClusterLink) async {
        await cluster.waitForPods()
        guard !Task.isCancelled else { return }
        sources.speak(.api)
        relistNow.wake()
    }

    private func take(_ pod: Pod, _ cluster: ClusterLink) {
        cluster.objects.see(pod)
        if MirrorPod.isOne(pod) {
            cluster.mirrors.look(ObjectKey(pod))
            for entry in node.table.entries(namespace: pod.namespace, name: pod.name) { cluster.status.look(entry.uid) }
        } else {
            sources.put(fromAPI: pod)
            want(pod, from: .api)
            cluster.status.look(pod.uid)
        }
    }

    private func forget(_ pod: Pod, _ cluster: ClusterLink) {
        cluster.objects.remove(pod)
        if MirrorPod.isOne(pod) { return cluster.mirrors.look(ObjectKey(pod)) }
        sources.removeFromAPI(pod.uid)
        guard let entry = node.table[pod.uid], entry.source == .api else { return }
        entry.update(pod)
        entry.forget(node.clock)
    }
}
