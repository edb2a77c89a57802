internal import APIMachinery

/// The last attempt to find a node, node by node, from the scheduler's own record.
struct SchedulingView {
    private let record: JSONValue?

    /// - Parameter records: The last attempt first.
    init(_ records: [JSONValue]) { record = records.first }

    /// `node1: NodeResourcesFit: Insufficient cpu (requested 4, …)`, or `node1: 312 points: ImageLocality 100×1, …`.
    var nodes: [String] {
        guard let record else { return [] }
        return (record["refusals"]?.arrayValue ?? []).map(Self.refusal)
            + (record["scores"]?.arrayValue ?? []).enumerated().map { Self.score($1, isFirst: $0 == 0 && record["node"] != nil) }
    }

    private static func refusal(_ refusal: JSONValue) -> String {
        let reasons = (refusal["reasons"]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ", ")
        let detail = refusal["detail"]?.stringValue.map { " (\($0))" } ?? ""
        let final = refusal["final"]?.boolValue == true ? "; ending other pods would not help" : ""
        return "✗ \(refusal["node"]?.stringValue ?? ""): \(refusal["plugin"]?.stringValue ?? ""): \(reasons)\(detail)\(final)"
    }

    private static func score(_ score: JSONValue, isFirst: Bool) -> String {
        let plugins = (score["plugins"]?.arrayValue ?? []).map { plugin in
            "\(plugin["plugin"]?.stringValue ?? "") \(plugin["score"]?.integerValue ?? 0)×\(plugin["weight"]?.integerValue ?? 0)"
        }
        return "\(isFirst ? "✓" : " ") \(score["node"]?.stringValue ?? ""): \(score["total"]?.integerValue ?? 0) points: "
            + plugins.joined(separator: ", ")
    }
}
