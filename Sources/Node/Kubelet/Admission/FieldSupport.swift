internal import APIMachinery

/// What this node does with a field that Kubernetes knows.
indirect enum FieldSupport: Sendable {
    /// Which values ask for something.
    enum Condition: Sendable {
        case always
        case value(JSONValue)
        case anyBut(JSONValue)
        /// Another member of the same object has no text.
        case without(String)

        func holds(_ value: JSONValue, in object: JSONObject) -> Bool {
            switch self {
            case .always: true
            case .value(let wanted): value == wanted
            case .anyBut(let harmless): value != harmless
            case .without(let member): (object[member]?.stringValue ?? "").isEmpty
            }
        }
    }

    /// It is done.
    case acts
    /// Its members decide; they are those of this type of ``FieldTable/types``.
    case members(String)
    /// It is not done, so the pod is not what was asked for.
    case missing(String, when: Condition = .always)
    /// It is done by others with the help of an API server; without one it is not done.
    case missingAlone(String, when: Condition = .always)
    /// As `missing`, for single keys of a map: the text says what does not happen, nil that nothing is amiss.
    case missingKeys(@Sendable (_ key: String) -> String?)
    /// It is not done, and the pod cannot run without it.
    case impossible(String)
    /// Nothing has to be done for it on a node without an API server, for this reason.
    case needless(String)
    /// The first with an API server, the second without.
    case withServer(FieldSupport, alone: FieldSupport)
}

/// A type of the API with all of its fields.
struct FieldTable: Sendable {
    let name: String
    private(set) var fields: [String: FieldSupport]

    /// - Parameter acting: Names of fields that act, separated by spaces.
    init(_ name: String, acting: String = "", _ others: [String: FieldSupport] = [:]) {
        self.name = name
        fields = others
        for field in acting.split(separator: " ") { fields[String(field)] = .acts }
    }

    /// By name; the root is `PodSpec`.
    static let types: [String: FieldTable] = {
        let all: [FieldTable] = podTables + containerTables + volumeTables
        return Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
    }()
}
