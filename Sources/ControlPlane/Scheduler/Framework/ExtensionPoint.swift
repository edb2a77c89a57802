/// Where plugins take part.
package enum ExtensionPoint: String, CaseIterable, Sendable {
    case preEnqueue, queueSort, filter, postFilter, score, reserve, permit, preBind, bind, postBind

    /// Its names in a configuration: a filter prepares itself and a score too, which upstream lets be chosen apart.
    var fieldNames: [String] {
        switch self {
        case .filter: ["filter", "preFilter"]
        case .score: ["score", "preScore"]
        default: [rawValue]
        }
    }
}
