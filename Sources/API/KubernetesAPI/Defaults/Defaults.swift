package import APIMachinery

/// Fills in what an object's author may leave out, as upstream's defaulting does. Types that hold no default are not walked.
package struct Defaults: Sendable {
    private struct Plan: Sendable {
        var values: [JSONObject.Member] = []
        var computed: (@Sendable (inout JSONObject) -> Void)?
        /// Members whose own types have defaults.
        var children: [(name: String, shape: TypeGraph.Shape)] = []
        var isEmpty: Bool { values.isEmpty && computed == nil && children.isEmpty }
    }

    private let plans: [Plan]
    private let graph: TypeGraph

    static let builtIn = Defaults(.builtIn, table: DefaultsTable.text, computed: ComputedDefaults.table)

    /// - Parameter object: Canonical; types the schema does not know are left alone.
    package static func apply(to object: inout JSONObject, kind: GroupVersionKind) {
        guard let name = Schema.builtIn[kind]?.name, let type = TypeGraph.builtIn.index(ofType: name) else { return }
        builtIn.apply(to: &object, type: type)
    }

    init(_ graph: TypeGraph, table: String, computed: [String: @Sendable (inout JSONObject) -> Void]) {
        var plans = [Plan](repeating: Plan(), count: graph.nodes.count)
        for (name, values) in Self.parse(table) {
            guard let index = graph.index(ofType: name) else { preconditionFailure("defaults of unknown type \(name)") }
            plans[index].values = values
        }
        for (name, function) in computed {
            guard let index = graph.index(ofType: name) else { preconditionFailure("defaults of unknown type \(name)") }
            plans[index].computed = function
        }
        Self.addChildren(to: &plans, graph)
        self.plans = plans
        self.graph = graph
    }

    private static func parse(_ table: String) -> [(String, [JSONObject.Member])] {
        var types: [(String, [JSONObject.Member])] = []
        for line in table.split(separator: "\n") {
            let line = line.drop { $0 == " " }
            if line.first == "@" {
                types.append((String(line.dropFirst()), []))
            } else if let space = line.firstIndex(of: " ") {
                guard let value = try? JSONValue(parsing: String(line[line.index(after: space)...])) else {
                    preconditionFailure("defaults table: \(line)")
                }
                types[types.count - 1].1.append(JSONObject.Member(key: String(line[..<space]), value: value))
            }
        }
        return types
    }

    /// Marks every member that leads to a type with defaults. Repeats until nothing is added, for types that hold themselves.
    private static func addChildren(to plans: inout [Plan], _ graph: TypeGraph) {
        var reaches = plans.map { !$0.isEmpty }
        var changed = true
        while changed {
            changed = false
            for (index, node) in graph.nodes.enumerated() where !reaches[index] {
                if node.fields.contains(where: { leads($0.shape, reaches) }) {
                    reaches[index] = true
                    changed = true
                }
            }
        }
        for (index, node) in graph.nodes.enumerated() where reaches[index] {
            plans[index].children = node.fields.filter { leads($0.shape, reaches) }.map { ($0.name, $0.shape) }
        }
    }

    private static func leads(_ shape: TypeGraph.Shape, _ reaches: [Bool]) -> Bool {
        switch shape {
        case .object(let type): reaches[type]
        case .list(let element), .map(let element): leads(element, reaches)
        default: false
        }
    }

    func apply(to object: inout JSONObject, type: Int) {
        let plan = plans[type]
        // A text that is always written is empty when its author says nothing.
        for member in plan.values where object.isUnset(member.key) || object[member.key] == "" {
            object[member.key] = member.value
        }
        plan.computed?(&object)
        object.sort(like: graph.nodes[type])
        for child in plan.children where object.index(of: child.name) != nil {
            apply(to: &object[child.name, default: .null], child.shape)
        }
    }

    private func apply(to value: inout JSONValue, _ shape: TypeGraph.Shape) {
        switch (shape, value) {
        case (.object(let type), .object(var object)):
            value = .null  // gives up this copy's reference, so that the change is made in place
            apply(to: &object, type: type)
            value = .object(object)
        case (.list(let element), .array(var elements)):
            value = .null
            for index in elements.indices { apply(to: &elements[index], element) }
            value = .array(elements)
        case (.map(let element), .object(var object)):
            value = .null
            for key in object.keys { apply(to: &object[key, default: .null], element) }
            value = .object(object)
        default: break
        }
    }
}

extension JSONObject {
    /// Whether a member is absent or null.
    func isUnset(_ key: String) -> Bool { self[key].map(\.isNull) ?? true }

    /// Changes a member that is an object; one that is absent or of another type is left alone.
    mutating func change(_ key: String, _ body: (inout JSONObject) -> Void) {
        guard let index = index(of: key), case .object(var object) = members[index].value else { return }
        self[key] = .null
        body(&object)
        self[key] = .object(object)
    }

    /// Changes each object in a member that is a list.
    mutating func changeEach(_ key: String, _ body: (inout JSONObject) -> Void) {
        guard let index = index(of: key), case .array(var elements) = members[index].value else { return }
        self[key] = .null
        for index in elements.indices {
            guard case .object(var object) = elements[index] else { continue }
            elements[index] = .null
            body(&object)
            elements[index] = .object(object)
        }
        self[key] = .array(elements)
    }

    /// Puts members into the type's order; most often they are in it.
    fileprivate mutating func sort(like node: TypeGraph.Node) {
        var hint = 0
        for member in members {
            guard let index = node.index(of: member.key, after: hint), index >= hint else { return reorder(like: node) }
            hint = index
        }
    }

    private mutating func reorder(like node: TypeGraph.Node) {
        let ranked = members.enumerated().map { offset, member in
            (rank: node.index(of: member.key, after: 0) ?? Int.max, offset: offset, member: member)
        }
        self = JSONObject(members: ranked.sorted { ($0.rank, $0.offset) < ($1.rank, $1.offset) }.map(\.member))
    }

    mutating func setDefault(_ key: String, _ value: JSONValue) {
        if isUnset(key) { self[key] = value }
    }
}
