internal import APIMachinery
internal import ContainerRuntime
internal import Glibc
internal import Kubelet
internal import KubernetesAPI
internal import LinuxSystem
import Synchronization
internal import Verification

/// Starts the pods of a manifest as `run` does, looks at them once all their containers run, and removes them.
final class VerificationRun: Sendable {
    private let pods: [Pod]
    private let session: PodSession
    private let runtime: NativeRuntime
    private let facts: VerificationFacts
    private let latest: Mutex<[String: Pod]>

    init(_ instance: borrowing Instance, _ manifest: PodManifest.Content, _ facts: VerificationFacts) throws {
        pods = manifest.pods
        runtime = instance.runtime
        session = try PodSession(instance, label: Orphans.runLabel(.own), objects: manifest.objects)
        self.facts = facts
        latest = Mutex(Dictionary(uniqueKeysWithValues: pods.map { ($0.uid, $0) }))
    }

    private enum Ending: Sendable { case allRun, trouble(String), interrupted(CInt), failed(any Error) }

    /// - Throws: `Refusal` when a pod does not come to run, or has ended before it could be looked at.
    func run(timeout: Duration, extra: [Expectation]) async throws -> [PodVerification] {
        let interruption = try Interruption()
        let (endings, sender) = AsyncStream.makeStream(of: Ending.self)
        let events = session.kubelet.events()
        session.kubelet.setPods(pods)
        let tasks = [
            Task { [self] in
                do {
                    try await session.run { pod in if let ending = self.note(pod) { sender.yield(ending) } }
                } catch { sender.yield(.failed(error)) }
            },
            Task {
                for await event in events {
                    if event.reason != PodEvent.unsupportedField { RunEvents.show(event) }
                    if let reason = PodTrouble.reason(of: event) { sender.yield(.trouble(reason)) }
                }
            },
            Task { if let number = await interruption.signal() { sender.yield(.interrupted(number)) } },
            Task {
                guard (try? await Task.sleep(for: timeout)) != nil else { return }
                sender.yield(.trouble("not all containers run after \(timeout.components.seconds) s"))
            },
        ]
        let ending = await endings.first { _ in true } ?? .trouble("the pods were given up")
        let outcome = Result { try look(ending, extra) }
        session.stopHearing()
        for pod in pods { session.kubelet.delete(pod.uid, gracePeriodSeconds: 0) }
        for pod in pods { await session.kubelet.waitUntilRemoved(pod.uid) }
        for task in tasks { task.cancel() }
        await runtime.drainCleanup()
        return try outcome.get()
    }

    private static func ended(_ pod: Pod) -> String {
        "pod \(pod.name) ended before it could be looked at: give it a command that lasts, for example sleep 60"
    }

    private func note(_ pod: Pod) -> Ending? {
        let all = latest.withLock { latest in
            latest[pod.uid] = pod
            return pods.map { latest[$0.uid] ?? $0 }
        }
        if let reason = PodTrouble.reason(of: pod) { return .trouble(reason) }
        if ["Succeeded", "Failed"].contains(pod.status.phase) {
            return .trouble(Self.ended(pod))
        }
        return all.allSatisfy(\.runsWhole) ? .allRun : nil
    }

    private func look(_ ending: Ending, _ extra: [Expectation]) throws -> [PodVerification] {
        switch ending {
        case .allRun: break
        case .trouble(let reason): throw Refusal(reason)
        case .interrupted(let number): throw Refusal("signal \(number): the pods were ended")
        case .failed(let error): throw error
        }
        return try pods.map { pod in
            let processes = Dictionary(runtime.processes(ofPod: pod.uid).map { ($0.name, $0.pid) }) { $1 }
            guard pod.spec.containers.allSatisfy({ processes[$0.name] != nil }) else { throw Refusal(Self.ended(pod)) }
            let answer = PodVerification(try facts.facts(latest.withLock { $0[pod.uid] ?? pod }, processes: processes), extra: extra)
            guard answer.ended.isEmpty else { throw Refusal(Self.ended(pod)) }
            return answer
        }
    }
}

extension Pod {
    /// All containers that last, and the sidecars.
    fileprivate var runsWhole: Bool {
        let lasting = Set(spec.containers.map(\.name) + sidecars.map(\.name))
        let running = (status.containerStatuses + status.initContainerStatuses).filter { $0.state.running != nil }.map(\.name)
        return lasting.isSubset(of: running)
    }
}
