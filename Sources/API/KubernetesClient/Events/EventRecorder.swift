package import APIMachinery
package import KubernetesAPI
import Synchronization

/// Writes Events about objects, as client-go's recorder does: the same event again only raises the count of the first; many similar ones
/// become one; a source that says too much about an object is cut short.
///
/// Events are handed over at once and written in the background, in order; a server that can't take them loses them.
package final class EventRecorder: Sendable {
    private let client: Client
    private let source: EventSource
    private let time: any TimeSource
    private let correlator: Mutex<EventCorrelator>
    private let pending: AsyncStream<EventRecord>
    private let hand: AsyncStream<EventRecord>.Continuation

    /// - Parameter component: For example `kubelet`; `host` for a component of a node.
    package init(_ client: Client, component: String, host: String = "", time: any TimeSource = MachineTime()) {
        self.client = client
        self.time = time
        source = EventSource {
            $0.component = component
            $0.host = host.isEmpty ? nil : host
        }
        correlator = Mutex(EventCorrelator())
        (pending, hand) = AsyncStream.makeStream(of: EventRecord.self, bufferingPolicy: .bufferingOldest(1000))
    }

    /// - Parameters:
    ///   - type: `Normal` or `Warning`.
    ///   - reason: One word in CamelCase.
    ///   - action: What was being done, one word in CamelCase; empty when the reason says it.
    ///   - related: Another object that takes part.
    package func record(
        _ object: ObjectReference, type: String, reason: String, message: String, action: String = "", related: ObjectReference? = nil
    ) {
        var record = EventRecord(object: object, type: type, reason: reason, message: message, time: time.wallTime, seen: time.now)
        record.action = action
        record.related = related
        hand.yield(record)
    }

    /// Writes what is recorded, until the task is cancelled.
    package func run() async {
        for await record in pending {
            let decision = correlator.withLock { $0.decide(record, source) }
            switch decision {
            case .drop: continue
            case .create(let event): await create(event, record)
            case .count(let name, let namespace, let patch): await patchOrCreate(name, namespace, patch, record)
            }
        }
    }

    private func patchOrCreate(_ name: String, _ namespace: String, _ patch: JSONValue, _ record: EventRecord) async {
        do throws(ClientError) {
            _ = try await client.resource(Event.self, namespace: namespace).patch(name, .strategicMerge, patch)
        } catch {
            // The first has outlived its time: begin anew.
            guard error.isNotFound else { return }
            correlator.withLock { $0.forget(record, source) }
            if case .create(let event) = correlator.withLock({ $0.decide(record, source) }) { await create(event, record) }
        }
    }

    private func create(_ event: Event, _ record: EventRecord) async {
        do throws(ClientError) {
            _ = try await client.resource(Event.self, namespace: event.metadata.namespace).create(event)
        } catch {
            correlator.withLock { $0.forget(record, source) }
        }
    }
}

/// Something that happened to an object.
struct EventRecord: Sendable {
    var object: ObjectReference
    var type: String
    var reason: String
    var message: String
    var action = ""
    var related: ObjectReference?
    var time: Timestamp
    /// By the clock that never jumps.
    var seen: Duration
}
