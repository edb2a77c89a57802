internal import APIMachinery
internal import KubernetesAPI

/// Decides what becomes of each event. Figures are client-go's: 25 events at once and one each 300 s for a source and object; ten that differ
/// only in their message within 600 s become one.
struct EventCorrelator {
    enum Decision {
        case create(Event)
        case count(name: String, namespace: String, patch: JSONValue)
        case drop
    }

    /// All but the message.
    private struct Similar: Hashable {
        var speaker: Speaker
        var type: String
        var reason: String
    }
    private struct Same: Hashable {
        var similar: Similar
        var fieldPath: String?
        /// nil: one of many that differ in their message.
        var message: String?
    }
    private struct Written {
        var name: String
        var namespace: String
        var count: Int32
        var first: Timestamp
    }
    private struct Group {
        var messages: Set<String> = []
        var last: Duration
    }
    /// Whatever the object's version is, and whichever part of it is meant.
    private struct Speaker: Hashable {
        var source: EventSource
        var object: ObjectReference

        init(_ source: EventSource, _ object: ObjectReference) {
            (self.source, self.object) = (source, object)
            self.object.resourceVersion = nil
            self.object.fieldPath = nil
        }
    }

    private static let maxSimilar = 10
    private static let similarWindow: Duration = .seconds(600)
    private static let maxRemembered = 4096

    private var written = RecentlyUsed<Same, Written>(capacity: maxRemembered)
    private var groups = RecentlyUsed<Similar, Group>(capacity: maxRemembered)
    private var buckets = RecentlyUsed<Speaker, TokenBucket>(capacity: maxRemembered)
    /// In the last event's name, nanoseconds since 1970.
    private var lastStamp: Int64 = 0

    mutating func decide(_ record: EventRecord, _ source: EventSource) -> Decision {
        let same = aggregate(record, source)
        let message = same.message ?? "(combined from similar events): \(record.message)"
        let speaker = same.similar.speaker
        var bucket = buckets[speaker] ?? TokenBucket(ratePerSecond: 1 / 300, burst: 25)
        let mayWrite = bucket.take(at: record.seen)
        buckets[speaker] = bucket

        if var before = written[same] {
            before.count += 1
            written[same] = before
            guard mayWrite else { return .drop }
            let patch: JSONValue = [
                "count": .integer(Int64(before.count)), "lastTimestamp": .string(record.time.description), "message": .string(message),
            ]
            return .count(name: before.name, namespace: before.namespace, patch: patch)
        }
        let event = newEvent(record, source, message: message)
        written[same] = Written(
            name: event.metadata.name ?? "", namespace: event.metadata.namespace ?? "", count: 1, first: record.time)
        return mayWrite ? .create(event) : .drop
    }

    /// The event was not written, or is gone.
    mutating func forget(_ record: EventRecord, _ source: EventSource) { written[aggregate(record, source)] = nil }

    /// Ten different messages of the same kind within the window share one event from then on.
    private mutating func aggregate(_ record: EventRecord, _ source: EventSource) -> Same {
        let similar = Similar(speaker: Speaker(source, record.object), type: record.type, reason: record.reason)
        var group = groups[similar] ?? Group(last: record.seen)
        if record.seen - group.last > Self.similarWindow { group.messages = [] }
        group.last = record.seen
        if group.messages.count < Self.maxSimilar { group.messages.insert(record.message) }
        groups[similar] = group
        let message = group.messages.count < Self.maxSimilar ? record.message : nil
        return Same(similar: similar, fieldPath: record.object.fieldPath, message: message)
    }

    private mutating func newEvent(_ record: EventRecord, _ source: EventSource, message: String) -> Event {
        // Upstream's form of the name: the object's and the time. Two that happened at the same moment need names of their own.
        lastStamp = max(record.time.nanosecondsSinceEpoch, lastStamp + 1)
        let suffix = String(lastStamp, radix: 16)
        return Event {
            $0.metadata.namespace = record.object.namespace.flatMap { $0.isEmpty ? nil : $0 } ?? "default"
            $0.metadata.name = "\(record.object.name ?? "").\(suffix)"
            $0.involvedObject = record.object
            $0.type = record.type
            $0.reason = record.reason
            $0.message = message
            $0.action = record.action.isEmpty ? nil : record.action
            $0.related = record.related
            $0.source = source
            $0.reportingComponent = source.component
            $0.reportingInstance = source.host
            $0.firstTimestamp = record.time
            $0.lastTimestamp = record.time
            $0.count = 1
        }
    }
}

/// A dictionary that forgets what was used longest ago.
struct RecentlyUsed<Key: Hashable, Value> {
    private var entries: [Key: (value: Value, use: Int)] = [:]
    private var uses = 0
    let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    subscript(key: Key) -> Value? {
        mutating get {
            guard let value = entries[key]?.value else { return nil }
            uses += 1
            entries[key]?.use = uses
            return value
        }
        set {
            uses += 1
            entries[key] = newValue.map { ($0, uses) }
            if entries.count > capacity { forgetOldest() }
        }
    }

    /// A quarter at once, so that it seldom happens.
    private mutating func forgetOldest() {
        let keep = entries.values.map(\.use).sorted()[capacity / 4]
        entries = entries.filter { $0.value.use >= keep }
    }
}
