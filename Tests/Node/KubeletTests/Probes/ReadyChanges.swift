import KubernetesAPI
import Synchronization

/// When a pod became ready and when it ceased to be, but for what lasted no time.
final class ReadyChanges: Sendable {
    private let changes = Mutex<[(Duration, String)]>([])

    func add(_ pod: Pod, _ time: Duration) {
        let isReady = pod.status.conditions.contains { $0.type == "Ready" && $0.status == "True" }
        changes.withLock { changes in
            if changes.last?.0 == time { changes.removeLast() }
            let text = isReady ? "ready" : "unready"
            if (changes.last?.1 ?? "unready") != text { changes.append((time, text)) }
        }
    }

    var all: [(Duration, String)] { changes.withLock { $0 } }
}
