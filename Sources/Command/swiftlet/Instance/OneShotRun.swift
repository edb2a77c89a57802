internal import APIMachinery
internal import CRI
internal import ContainerRuntime
internal import Glibc
internal import Kubelet
internal import KubernetesAPI
internal import LinuxSystem
import Synchronization

/// Runs pods to their end in this process, hands their logs on, and removes them.
final class OneShotRun: Sendable {
    private let pods: [Pod]
    private let session: PodSession
    private let runtime: NativeRuntime
    private let logs: RunLogs
    private let latest: Mutex<[String: Pod]>

    init(_ instance: borrowing Instance, _ manifest: PodManifest.Content, showsLogs: Bool, podPidsLimit: Int64? = nil) throws {
        pods = manifest.pods
        runtime = instance.runtime
        session = try PodSession(instance, label: Orphans.runLabel(.own), objects: manifest.objects, podPidsLimit: podPidsLimit)
        logs = try RunLogs(paths: instance.paths, isShown: showsLogs, namesPods: pods.count > 1)
        latest = Mutex(Dictionary(uniqueKeysWithValues: pods.map { ($0.uid, $0) }))
    }

    private enum Ending: Sendable { case allOver, timeout(Duration), interrupted(CInt), stuck(String), failed(any Error) }

    func run(timeout: Duration?) async throws -> RunReport {
        let interruption = try Interruption()
        try logs.start()
        let (endings, sender) = AsyncStream.makeStream(of: Ending.self)
        let events = session.kubelet.events()
        session.kubelet.setPods(pods)
        let working = Task { [self] in
            do {
                try await session.run { pod in
                    self.note(pod)
                    if let reason = PodTrouble.reason(of: pod) { sender.yield(.stuck(reason)) }
                }
            } catch { sender.yield(.failed(error)) }
        }
        let others = [
            Task {
                for await event in events {
                    // The manifest's reader has said it already.
                    if event.reason != PodEvent.unsupportedField { RunEvents.show(event) }
                    if let reason = PodTrouble.reason(of: event) { sender.yield(.stuck(reason)) }
                }
            },
            Task { if let number = await interruption.signal() { sender.yield(.interrupted(number)) } },
            Task { [self] in
                for pod in pods { guard await noteEnd(of: pod) else { return } }
                sender.yield(.allOver)
            },
            Task { if let timeout, (try? await Task.sleep(for: timeout)) != nil { sender.yield(.timeout(timeout)) } },
        ]
        let ending = await endings.first { _ in true } ?? .allOver
        if case .allOver = ending {} else { await endPods() }
        logs.finish()
        session.stopHearing()
        let report = report(ending)
        await removePods()
        for task in others + [working] { task.cancel() }
        await runtime.drainCleanup()
        if case .failed(let error) = ending { throw error }
        return report
    }

    private func note(_ pod: Pod) {
        latest.withLock { latest in
            if latest[pod.uid]?.isOver == true, !pod.isOver { return }  // an update that was overtaken
            latest[pod.uid] = pod
        }
        logs.follow(pod)
    }

    /// Waits for a pod's end and takes its last status from there: the stream of updates may still be on its way.
    ///
    /// - Returns: False when there is no such pod any more.
    private func noteEnd(of pod: Pod) async -> Bool {
        guard let status = await session.kubelet.waitUntilTerminal(pod.uid) else { return false }
        var ended = pod
        ended.status = status
        note(ended)
        return true
    }

    /// Ends what still runs, in order and within the pods' own grace.
    private func endPods() async {
        await withTaskGroup(of: Void.self) { group in
            for pod in pods { group.addTask { [self] in _ = await noteEnd(of: pod) } }
            for pod in pods { session.kubelet.delete(pod.uid) }
        }
        for pod in pods { await session.kubelet.waitUntilRemoved(pod.uid) }
    }

    private func removePods() async {
        for pod in pods { session.kubelet.delete(pod.uid, gracePeriodSeconds: 0) }
        for pod in pods { await session.kubelet.waitUntilRemoved(pod.uid) }
    }

    private func report(_ ending: Ending) -> RunReport {
        let statuses = latest.withLock { latest in pods.map { latest[$0.uid] ?? $0 } }
        switch ending {
        case .allOver, .failed: return RunReport(pods: statuses)
        case .timeout(let limit): return RunReport(pods: statuses, endedBy: .timeout(limit))
        case .interrupted(let signal): return RunReport(pods: statuses, endedBy: .signal(signal))
        case .stuck(let reason): return RunReport(pods: statuses, endedBy: .trouble(reason))
        }
    }
}

extension Pod {
    fileprivate var isOver: Bool { status.phase == "Succeeded" || status.phase == "Failed" }
}

/// What keeps a pod from ever starting, when nobody is there who could mend it meanwhile.
enum PodTrouble {
    private static let reasons: Set<String> = [
        "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError", "CreateContainerConfigError",
        "CreateContainerError",
    ]

    /// Before its containers a pod needs its volumes.
    static func reason(of event: PodEvent) -> String? {
        event.reason == "FailedMount" ? "pod \(event.podName) can't start: \(event.reason): \(event.message)" : nil
    }

    static func reason(of pod: Pod) -> String? {
        for status in pod.status.initContainerStatuses + pod.status.containerStatuses {
            guard let waiting = status.state.waiting, let reason = waiting.reason, reasons.contains(reason) else { continue }
            let detail = waiting.message.map { ": \($0)" } ?? ""
            return "container \(status.name) of pod \(pod.name) can't start: \(reason)\(detail)"
        }
        return nil
    }
}
