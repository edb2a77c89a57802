package import APIMachinery

/// One attempt to find a node for a pod, with all that decided it.
package struct SchedulingRecord: Sendable {
    /// What kept a node from taking the pod.
    package struct NodeRefusal: Sendable {
        package var node: String
        package var plugin: String
        package var reasons: [String]
        /// The numbers behind the reasons.
        package var detail: String?
        /// Nothing that the scheduler can do helps.
        package var isFinal: Bool
    }
    package struct PluginScore: Sendable {
        package var plugin: String
        /// 0...100.
        package var score: Int64
        package var weight: Int64
    }
    /// How good a node is that can take the pod.
    package struct NodeScore: Sendable {
        package var node: String
        package var total: Int64
        package var scores: [PluginScore]
    }

    package var pod: String
    package var uid: String
    package var time: Timestamp
    /// The first is 1.
    package var attempt: Int
    /// How long the pod had waited since it was first seen.
    package var waited: Duration
    /// How long the look for a node took.
    package var took: Duration
    package var node: String?
    package var message: String
    package var nodeCount: Int
    package var evaluatedCount: Int
    package var feasibleCount: Int
    /// Of at most `SchedulingRecords.refusalsMax` nodes.
    package var refusals: [NodeRefusal]
    /// How many nodes were refused for each reason.
    package var refusalCounts: [String: Int]
    /// The best nodes, the best first; at most `SchedulingRecords.scoresMax`.
    package var scores: [NodeScore]
    package var nominatedNode: String?
    package var victims: [String]
}

extension SchedulingRecord {
    package var json: JSONValue {
        var object: JSONObject = [
            "pod": .string(pod), "uid": .string(uid), "time": .string(time.formatted(fractionDigits: 6)),
            "attempt": .integer(Int64(attempt)),
            "waitedSeconds": .seconds(waited), "tookSeconds": .seconds(took),
            "result": .string(node == nil ? (nominatedNode == nil ? "Unschedulable" : "Nominated") : "Assigned"),
            "message": .string(message),
            "nodes": [
                "total": .integer(Int64(nodeCount)), "evaluated": .integer(Int64(evaluatedCount)),
                "feasible": .integer(Int64(feasibleCount)),
            ],
        ]
        if let node { object["node"] = .string(node) }
        if let nominatedNode { object["nominatedNode"] = .string(nominatedNode) }
        if !victims.isEmpty { object["victims"] = .array(victims.map { .string($0) }) }
        if !refusalCounts.isEmpty {
            object["reasons"] = .object(
                JSONObject(members: refusalCounts.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .integer(Int64($0.value))) }))
        }
        if !refusals.isEmpty { object["refusals"] = .array(refusals.map(\.json)) }
        if !scores.isEmpty { object["scores"] = .array(scores.map(\.json)) }
        return .object(object)
    }
}

extension SchedulingRecord.NodeRefusal {
    var json: JSONValue {
        var object: JSONObject = [
            "node": .string(node), "plugin": .string(plugin), "reasons": .array(reasons.map { .string($0) }), "final": .bool(isFinal),
        ]
        if let detail { object["detail"] = .string(detail) }
        return .object(object)
    }
}

extension SchedulingRecord.NodeScore {
    var json: JSONValue {
        [
            "node": .string(node), "total": .integer(total),
            "plugins": .array(
                scores.map { ["plugin": .string($0.plugin), "score": .integer($0.score), "weight": .integer($0.weight)] }),
        ]
    }
}

extension JSONValue {
    /// With microseconds.
    fileprivate static func seconds(_ duration: Duration) -> JSONValue {
        let (seconds, attoseconds) = duration.components
        let micros = "\(1_000_000 + attoseconds / 1_000_000_000_000)".dropFirst()
        return (try? JSONValue(parsing: "\(seconds).\(micros)")) ?? .integer(seconds)
    }
}
