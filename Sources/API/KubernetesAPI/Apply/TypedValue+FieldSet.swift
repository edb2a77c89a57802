internal import APIMachinery

/// What is wrong with an applied object; several problems stand on a line each.
struct ApplyProblems {
    private(set) var texts: [String] = []

    mutating func add(_ path: [PathElement], _ reason: String) {
        texts.append(path.isEmpty ? reason : "\(path.pathText): \(reason)")
    }

    var text: String { texts.count == 1 ? texts[0] : (["errors:"] + texts.map { "  " + $0 }).joined(separator: "\n") }
}

/// Checks a value against its type, without a look at anything but structure: declared fields, kinds of scalars,
/// unique keys.
struct TypeChecker {
    let schema: MergeSchema
    private(set) var problems = ApplyProblems()
    private var path: [PathElement] = []

    init(schema: MergeSchema) { self.schema = schema }

    mutating func check(_ value: JSONValue, _ type: MergeSchema.TypeIndex) {
        if value.isNull { return }
        switch schema.shape(type, for: value) {
        case .scalar(let scalar): check(value, scalar)
        case .map(let map):
            guard case .object(let object) = value else { return fail("expected map, got &{\(value.goText)}") }
            check(object, map)
        case .list(let list):
            guard case .array(let items) = value else { return fail("expected list, got &{\(value.goText)}") }
            check(items, list)
        }
    }

    private mutating func fail(_ reason: String) { problems.add(path, reason) }

    private mutating func check(_ value: JSONValue, _ scalar: MergeSchema.Scalar) {
        switch (scalar, value) {
        case (.string, .string), (.numeric, .integer), (.numeric, .number), (.boolean, .bool),
            (.untyped, .string), (.untyped, .integer), (.untyped, .number), (.untyped, .bool):
            break
        case (.string, _): fail("expected string, got &value.valueUnstructured{Value:\(value.goSyntax)}")
        case (.numeric, _): fail("expected numeric (int or float), got \(value.goTypeName)")
        case (.boolean, _): fail("expected boolean, got &{\(value.goText)}")
        case (.untyped, _): fail("expected any scalar, got &{\(value.goText)}")
        }
    }

    private mutating func check(_ object: JSONObject, _ map: MergeSchema.MapType) {
        for member in object.members {
            path.append(.field(member.key))
            defer { path.removeLast() }
            guard let type = schema.memberType(member.key, of: map) else {
                fail("field not declared in schema")
                return
            }
            check(member.value, type)
        }
    }

    private mutating func check(_ items: [JSONValue], _ list: MergeSchema.ListType) {
        if list.isAtomic {
            for (index, item) in items.enumerated() {
                path.append(.index(index))
                check(item, list.element)
                path.removeLast()
            }
            return
        }
        var seen = SeenElements(capacity: items.count)
        for (index, item) in items.enumerated() {
            do throws(ApplyFailure) {
                let element = try list.element(for: item)
                if !seen.insert(element) { fail("duplicate entries for key \(element)") }
                path.append(element)
                check(item, list.element)
                path.removeLast()
            } catch {
                fail("element \(index): \(error.reason)")
                return
            }
        }
    }
}

/// Names met so far: a list for few, a set for many.
private struct SeenElements {
    private var few: [PathElement] = []
    private var many: Set<PathElement> = []
    private let isSmall: Bool

    init(capacity: Int) { isSmall = capacity <= 12 }

    /// - Returns: Whether the name is new.
    mutating func insert(_ element: PathElement) -> Bool {
        guard isSmall else { return many.insert(element).inserted }
        if few.contains(element) { return false }
        few.append(element)
        return true
    }
}

extension JSONValue {
    /// As Go's `%#v` prints it.
    fileprivate var goSyntax: String {
        switch self {
        case .null: "interface {}(nil)"
        case .string(let text): text.quoted
        case .array(let items): "[]interface {}{\(items.map(\.goSyntax).joined(separator: ", "))}"
        case .object(let object):
            "map[string]interface {}{"
                + object.members.sorted { $0.key < $1.key }.map { "\($0.key.quoted):\($0.value.goSyntax)" }
                .joined(separator: ", ") + "}"
        default: serializedText()
        }
    }

    /// As Go's `%T` prints it.
    fileprivate var goTypeName: String {
        switch self {
        case .null: "<nil>"
        case .bool: "bool"
        case .integer: "int64"
        case .number: "float64"
        case .string: "string"
        case .array: "[]interface {}"
        case .object: "map[string]interface {}"
        }
    }
}

extension MergeSchema {
    /// Whether `TypeChecker` would find nothing, at a fraction of its cost.
    func isValid(_ value: JSONValue, _ type: TypeIndex) -> Bool {
        if case .null = value { return true }
        switch shape(type, for: value) {
        case .scalar(let scalar):
            switch (scalar, value) {
            case (.string, .string), (.numeric, .integer), (.numeric, .number), (.boolean, .bool), (.untyped, .string),
                (.untyped, .integer), (.untyped, .number), (.untyped, .bool):
                return true
            default: return false
            }
        case .map(let map):
            guard case .object(let object) = value else { return false }
            return object.members.allSatisfy { member in
                guard let type = memberType(member.key, of: map) else { return false }
                return isValid(member.value, type)
            }
        case .list(let list):
            guard case .array(let items) = value else { return false }
            guard items.allSatisfy({ isValid($0, list.element) }) else { return false }
            if list.isAtomic { return true }
            var seen = SeenElements(capacity: items.count)
            return items.allSatisfy { item in
                guard let element = try? list.element(for: item) else { return false }
                return seen.insert(element)
            }
        }
    }
}

extension TypedValue {
    /// Checks the value as `TypeChecker` does; nil when all is well.
    var problems: String? {
        var checker = TypeChecker(schema: schema)
        checker.check(value, type)
        return checker.problems.texts.isEmpty ? nil : checker.problems.text
    }

    /// The fields that the value sets: all leaves, and the items of lists and maps themselves.
    var fieldSet: FieldSet { schema.fieldSet(of: value, type).children }
}

extension MergeSchema {
    /// - Returns: Whether the value itself counts as a field, and what lies below it.
    fileprivate func fieldSet(of value: JSONValue, _ type: TypeIndex) -> (isLeaf: Bool, children: FieldSet) {
        switch shape(type, for: value) {
        case .scalar: return (true, FieldSet())
        case .map(let map):
            if map.isAtomic { return (true, FieldSet()) }
            guard case .object(let object) = value else { return (false, FieldSet()) }
            return (false, fieldSet(of: object, map))
        case .list(let list):
            if list.isAtomic { return (true, FieldSet()) }
            guard case .array(let items) = value else { return (false, FieldSet()) }
            return (false, fieldSet(of: items, list))
        }
    }

    private func fieldSet(of object: JSONObject, _ map: MapType) -> FieldSet {
        var nodes: [FieldSet.Node] = []
        nodes.reserveCapacity(object.count)
        for member in object.members {
            let field = map.field(member.key)
            guard let type = field?.type ?? map.element else { continue }
            var (isLeaf, children) = fieldSet(of: member.value, type)
            // An empty object is a leaf, and an item of a map is owned beside what is in it.
            if field == nil || member.value.isNullOrEmptyObject { isLeaf = true }
            let node = FieldSet.Node(.field(member.key), isMember: isLeaf, children: children)
            if !node.isEmpty { nodes.append(node) }
        }
        return FieldSet(unsorted: nodes)
    }

    private func fieldSet(of items: [JSONValue], _ list: ListType) -> FieldSet {
        var nodes: [FieldSet.Node] = []
        nodes.reserveCapacity(items.count)
        for item in items {
            guard let element = try? list.element(for: item) else { continue }
            nodes.append(.init(element, isMember: true, children: fieldSet(of: item, list.element).children))
        }
        nodes.sort { $0.element < $1.element }
        // Of items with one name only the name can be owned, once.
        var unique: [FieldSet.Node] = []
        unique.reserveCapacity(nodes.count)
        for node in nodes {
            if unique.last?.element == node.element {
                unique[unique.count - 1] = .init(node.element, isMember: true)
            } else {
                unique.append(node)
            }
        }
        return FieldSet(unsorted: unique)
    }

    /// The set with every declared field that it has something below made a member; the items of maps are not.
    func withNamedFieldsAsMembers(_ set: FieldSet, _ type: TypeIndex) -> FieldSet {
        let type = types[type]
        return set.mapNodes { node in
            guard !node.children.isEmpty else { return node }
            var node = node
            switch (node.element, type) {
            case (.field(let name), .map(let map)):
                if map.field(name) != nil { node.isMember = true }
                if let member = memberType(name, of: map) {
                    node.children = withNamedFieldsAsMembers(node.children, member)
                }
            case (.key, .list(let list)): node.children = withNamedFieldsAsMembers(node.children, list.element)
            default: break
            }
            return node
        }
    }

    /// The set after the schema has changed: what has become atomic is owned as one.
    func reconciled(_ set: FieldSet, _ type: TypeIndex) -> FieldSet {
        guard reachesIntoAtomic(set, type) else { return set }
        return set.mapNodes { node in
            guard !node.children.isEmpty, let below = typeBelow(node.element, type) else { return node }
            if isAtomic(below) { return FieldSet.Node(node.element, isMember: true) }
            var node = node
            node.children = reconciled(node.children, below)
            return node
        }
    }

    private func reachesIntoAtomic(_ set: FieldSet, _ type: TypeIndex) -> Bool {
        set.nodes.contains { node in
            guard !node.children.isEmpty, let below = typeBelow(node.element, type) else { return false }
            return isAtomic(below) || reachesIntoAtomic(node.children, below)
        }
    }

    private func typeBelow(_ element: PathElement, _ type: TypeIndex) -> TypeIndex? {
        switch (element, types[type]) {
        case (.field(let name), .map(let map)): memberType(name, of: map)
        case (.key, .list(let list)), (.value, .list(let list)): list.element
        default: nil
        }
    }

    private func isAtomic(_ type: TypeIndex) -> Bool {
        switch types[type] {
        case .scalar, .deduced: false
        case .map(let map): map.isAtomic
        case .list(let list): list.isAtomic
        }
    }
}

extension JSONValue {
    fileprivate var isNullOrEmptyObject: Bool {
        switch self {
        case .null: true
        case .object(let object): object.isEmpty
        default: false
        }
    }
}
