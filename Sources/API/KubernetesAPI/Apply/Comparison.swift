internal import APIMachinery

/// How two values of a type differ, as sets of fields.
struct Comparison: Hashable, Sendable {
    var added = FieldSet()
    var modified = FieldSet()
    var removed = FieldSet()

    var isEmpty: Bool { added.isEmpty && modified.isEmpty && removed.isEmpty }

    /// Without the fields that the endpoint resets, and what is below them.
    func excluding(_ fields: FieldSet) -> Comparison {
        if fields.isEmpty { return self }
        return Comparison(
            added: added.subtractingTrees(fields), modified: modified.subtractingTrees(fields),
            removed: removed.subtractingTrees(fields))
    }
}

extension ApplyType {
    /// - Parameters:
    ///   - old: The value before; nil for an object that is made.
    func compare(_ old: JSONObject, _ new: JSONObject) -> Comparison {
        let comparer = Comparer(schema: schema)
        return comparer.compare(.object(old), .object(new), root).below.comparison
    }
}

private struct Comparer {
    let schema: MergeSchema

    enum Change { case added, modified, removed }

    /// Nodes of the three sets at one level.
    struct Level {
        var added: [FieldSet.Node] = []
        var modified: [FieldSet.Node] = []
        var removed: [FieldSet.Node] = []

        mutating func append(_ element: PathElement, _ result: Result) {
            let below = result.below
            if result.change == .added || !below.added.isEmpty {
                added.append(.init(element, isMember: result.change == .added, children: .init(unsorted: below.added)))
            }
            if result.change == .modified || !below.modified.isEmpty {
                modified.append(
                    .init(element, isMember: result.change == .modified, children: .init(unsorted: below.modified)))
            }
            if result.change == .removed || !below.removed.isEmpty {
                removed.append(
                    .init(element, isMember: result.change == .removed, children: .init(unsorted: below.removed)))
            }
        }

        var comparison: Comparison {
            Comparison(
                added: .init(unsorted: added), modified: .init(unsorted: modified), removed: .init(unsorted: removed))
        }
    }

    /// What happened to the value itself, and below it.
    struct Result {
        var change: Change?
        var below = Level()
    }

    /// - Parameters: One of the two values is there. Null is there, but takes any form.
    func compare(_ old: JSONValue?, _ new: JSONValue?, _ type: MergeSchema.TypeIndex) -> Result {
        guard let shape = shape(old, new, type) else {
            // The value has changed its form, which only untyped ones can: the old form goes, the new one comes.
            return Result(change: .modified, below: merged(compare(old, nil, type).below, compare(nil, new, type).below))
        }
        switch shape {
        case .scalar: return leaf(old, new)
        case .map(let map):
            let (oldObject, newObject) = (old?.objectValue, new?.objectValue)
            let isEmpty = oldObject?.isEmpty != false && newObject?.isEmpty != false
            if map.isAtomic || isEmpty { return leaf(old, new) }
            return Result(change: presence(old, new), below: compare(oldObject, newObject, map))
        case .list(let list):
            let (oldItems, newItems) = (old?.arrayValue ?? [], new?.arrayValue ?? [])
            if list.isAtomic || (oldItems.isEmpty && newItems.isEmpty) { return leaf(old, new) }
            return Result(change: presence(old, new), below: compare(oldItems, newItems, list))
        }
    }

    /// The form in which to compare; nil when the two have different ones.
    private func shape(_ old: JSONValue?, _ new: JSONValue?, _ type: MergeSchema.TypeIndex) -> MergeShape? {
        guard let new, !new.isNull else { return schema.shape(type, for: old) }
        guard let old, !old.isNull else { return schema.shape(type, for: new) }
        guard case .deduced = schema.types[type] else { return schema.shape(type, for: new) }
        switch (old, new) {
        case (.object, .object), (.array, .array): return schema.shape(type, for: new)
        case (.object, _), (.array, _), (_, .object), (_, .array): return nil
        default: return .scalar(.untyped)
        }
    }

    private func merged(_ left: Level, _ right: Level) -> Level {
        Level(added: right.added, modified: [], removed: left.removed)
    }

    private func leaf(_ old: JSONValue?, _ new: JSONValue?) -> Result {
        guard let old else { return Result(change: .added) }
        guard let new else { return Result(change: .removed) }
        return Result(change: old == new ? nil : .modified)
    }

    private func presence(_ old: JSONValue?, _ new: JSONValue?) -> Change? {
        old == nil ? .added : (new == nil ? .removed : nil)
    }

    private func compare(_ old: JSONObject?, _ new: JSONObject?, _ map: MergeSchema.MapType) -> Level {
        var level = Level()
        func visit(_ key: String, _ oldValue: JSONValue?, _ newValue: JSONValue?) {
            let field = map.field(key)
            guard let type = field?.type ?? map.element else { return }
            let oldValue = oldValue ?? (old == nil ? nil : field?.zeroValue)
            let newValue = newValue ?? (new == nil ? nil : field?.zeroValue)
            level.append(.field(key), compare(oldValue, newValue, type))
        }
        guard let new else {
            for member in old?.members ?? [] { visit(member.key, member.value, nil) }
            return level
        }
        var newLookup = MemberLookup(new)
        var isSeen = [Bool](repeating: false, count: new.count)
        for member in old?.members ?? [] {
            let index = newLookup.index(of: member.key)
            if let index { isSeen[index] = true }
            let value = index.map { new.members[$0].value }
            if let value, Self.isSameScalar(member.value, value) { continue }
            visit(member.key, member.value, value)
        }
        for (index, member) in new.members.enumerated() where !isSeen[index] {
            visit(member.key, nil, member.value)
        }
        return level
    }

    /// Spares most members the look at their type.
    private static func isSameScalar(_ left: JSONValue, _ right: JSONValue) -> Bool {
        switch (left, right) {
        case (.string(let left), .string(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.bool(let left), .bool(let right)): left == right
        default: false
        }
    }

    private func compare(_ old: [JSONValue], _ new: [JSONValue], _ list: MergeSchema.ListType) -> Level {
        var level = Level()
        if old == new { return level }
        let oldItems = ListItems(old, list)
        let newItems = ListItems(new, list)
        for element in oldItems.order {
            level.append(element, compare(oldItems[element], newItems[element], list.element))
        }
        for element in newItems.order where oldItems[element].isEmpty {
            level.append(element, compare([], newItems[element], list.element))
        }
        return level
    }

    /// - Parameters: The items of one name, more than one where names are not unique.
    private func compare(_ old: [JSONValue], _ new: [JSONValue], _ type: MergeSchema.TypeIndex) -> Result {
        if old.count <= 1, new.count <= 1 {
            let result = compare(old.first, new.first, type)
            // An item that comes or goes is itself a field, whatever its form.
            return Result(change: result.change ?? presence(old.first, new.first), below: result.below)
        }
        if old.isEmpty { return Result(change: .added) }
        if new.isEmpty { return Result(change: .removed) }
        return Result(change: old == new ? nil : .modified)
    }
}

/// The items of a set or list map by name.
private struct ListItems {
    /// Each name once, in order.
    private(set) var order: [PathElement] = []
    private var items: [PathElement: [JSONValue]] = [:]

    init(_ values: [JSONValue], _ list: MergeSchema.ListType) {
        order.reserveCapacity(values.count)
        items.reserveCapacity(values.count)
        for value in values {
            guard let element = try? list.element(for: value) else { continue }
            if items[element]?.append(value) == nil {
                order.append(element)
                items[element] = [value]
            }
        }
    }

    subscript(_ element: PathElement) -> [JSONValue] { items[element] ?? [] }
}
