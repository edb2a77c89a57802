import APIMachinery
import KubernetesAPI
import Testing

@testable import KubernetesClient

struct EventCorrelatorTests {
    private let source = EventSource { $0.component = "kubelet" }

    private func record(_ message: String, at seconds: Int64 = 0, pod: String = "web", version: Int = 1) -> EventRecord {
        let object = ObjectReference {
            $0.kind = "Pod"
            $0.namespace = "default"
            $0.name = pod
            $0.uid = "u-\(pod)"
            $0.resourceVersion = "\(version)"
        }
        return EventRecord(
            object: object, type: "Warning", reason: "Failed", message: message, time: Timestamp(seconds: 1_800_000_000 + seconds),
            seen: .seconds(seconds))
    }

    @Test func `the same again raises the count of the first`() {
        var correlator = EventCorrelator()
        guard case .create(let event) = correlator.decide(record("no image"), source) else { Issue.record("not created"); return }
        guard case .count(let name, let namespace, let patch) = correlator.decide(record("no image", at: 5, version: 2), source) else {
            Issue.record("not counted")
            return
        }
        #expect(event.count == 1 && event.type == "Warning" && event.source.component == "kubelet")
        #expect(name == event.metadata.name && namespace == "default")
        #expect(patch["count"]?.integerValue == 2)
        #expect(patch["lastTimestamp"]?.stringValue == record("", at: 5).time.description)
    }

    @Test func `what happens at the same moment has names of its own`() {
        var correlator = EventCorrelator()
        var names: Set<String> = []
        for message in ["one", "two", "three"] {
            if case .create(let event) = correlator.decide(record(message), source) { names.insert(event.metadata.name ?? "") }
        }
        #expect(names.count == 3)
    }

    @Test func `ten different messages of a kind become one event`() {
        var correlator = EventCorrelator()
        var messages: [String] = []
        for number in 0..<12 {
            switch correlator.decide(record("attempt \(number)", version: number), source) {
            case .create(let event): messages.append(event.message ?? "")
            case .count(_, _, let patch): messages.append("count \(patch["count"]?.integerValue ?? 0)")
            case .drop: messages.append("drop")
            }
        }
        #expect(messages[8...] == ["attempt 8", "(combined from similar events): attempt 9", "count 2", "count 3"])
    }

    @Test func `a source may say 25 things at once about an object, and one more each five minutes`() {
        var correlator = EventCorrelator()
        func isWritten(_ record: EventRecord) -> Bool {
            if case .drop = correlator.decide(record, source) { false } else { true }
        }
        let atOnce = (0..<30).count { _ in isWritten(record("same")) }
        #expect(atOnce == 25)
        let later = [
            isWritten(record("same", pod: "other")), isWritten(record("same", at: 200)), isWritten(record("same", at: 301)),
            isWritten(record("same", at: 302)),
        ]
        #expect(later == [true, false, true, false])
    }

    @Test func `what is used least is forgotten first`() {
        var recent = RecentlyUsed<Int, Int>(capacity: 4)
        for key in 0..<4 { recent[key] = key }
        _ = recent[0]
        recent[4] = 4
        let (kept, forgotten) = (recent[0], recent[1])
        #expect(kept == 0)
        #expect(forgotten == nil)
    }
}
