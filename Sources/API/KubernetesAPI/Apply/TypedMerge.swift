internal import APIMachinery

extension ApplyType {
    /// The live object with what the applied one says put over it. Lists keep the applied order, and what is only in the
    /// live object keeps its place.
    func merge(_ live: JSONObject, _ applied: JSONObject) -> JSONObject {
        let merged = Merger(schema: schema).merge(.object(live), .object(applied), root)
        return merged.objectValue ?? JSONObject()
    }

    /// The object without some of its fields.
    ///
    /// - Parameter leavingNulls: Whether what loses all that was in it becomes null, which still is there, or goes too.
    func removing(_ fields: FieldSet, from object: JSONObject, leavingNulls: Bool) -> JSONObject {
        if fields.isEmpty { return object }
        let remover = Remover(schema: schema, leavesNulls: leavingNulls)
        return remover.removing(fields, from: .object(object), root)?.objectValue ?? JSONObject()
    }
}

private struct Merger {
    let schema: MergeSchema

    func merge(_ live: JSONValue, _ applied: JSONValue, _ type: MergeSchema.TypeIndex) -> JSONValue {
        switch schema.shape(type, for: applied.isNull ? live : applied) {
        case .scalar: return applied
        case .map(let map):
            // A null takes nothing away that another manager may own.
            if applied.isNull, !map.isAtomic, case .object(let object) = live, !object.isEmpty { return live }
            guard !map.isAtomic, case .object(let new) = applied, case .object(let old) = live else { return applied }
            if new.isEmpty { return old.isEmpty ? applied : live }
            return .object(merge(old, new, map))
        case .list(let list):
            if applied.isNull, !list.isAtomic, case .array(let items) = live, !items.isEmpty { return live }
            guard !list.isAtomic, case .array(let new) = applied, case .array(let old) = live else { return applied }
            if new.isEmpty { return old.isEmpty ? applied : live }
            return .array(merge(old, new, list))
        }
    }

    private func merge(_ live: JSONObject, _ applied: JSONObject, _ map: MergeSchema.MapType) -> JSONObject {
        var lookup = MemberLookup(applied)
        var isSeen = [Bool](repeating: false, count: applied.count)
        var result = JSONObject()
        result.reserveCapacity(live.count + applied.count)
        for member in live.members {
            guard let index = lookup.index(of: member.key), let type = schema.memberType(member.key, of: map) else {
                result.append(member.key, member.value)
                continue
            }
            isSeen[index] = true
            result.append(member.key, merge(member.value, applied.members[index].value, type))
        }
        for (index, member) in applied.members.enumerated() where !isSeen[index] {
            result.append(member.key, member.value)
        }
        return result
    }

    private func merge(_ live: [JSONValue], _ applied: [JSONValue], _ list: MergeSchema.ListType) -> [JSONValue] {
        let liveElements = list.elements(of: live)
        let appliedElements = list.elements(of: applied)
        if liveElements == appliedElements, !liveElements.contains(nil) {
            // The usual case: the same items in the same order.
            return zip(live, applied).map { merge($0, $1, list.element) }
        }
        var liveIndexes: [PathElement: Int?] = [:]
        for (index, element) in liveElements.enumerated() {
            guard let element else { continue }
            // Items of one name are not merged with anything.
            liveIndexes[element] = liveIndexes[element] == nil ? .some(index) : .some(nil)
        }
        let appliedNames = Set(appliedElements.compactMap { $0 })
        var order = SharedOrder(appliedElements.filter { $0.map { liveIndexes[$0] != nil } ?? false })
        var merged = Set<PathElement>()
        var result: [JSONValue] = []
        result.reserveCapacity(max(live.count, applied.count))

        func takeApplied(_ index: Int) {
            guard let element = appliedElements[index] else { return result.append(applied[index]) }
            merged.insert(element)
            if case .some(.some(let liveIndex)) = liveIndexes[element] {
                result.append(merge(live[liveIndex], applied[index], list.element))
            } else {
                result.append(applied[index])
            }
            order.passed(element)
        }

        var (liveNext, appliedNext) = (0, 0)
        while liveNext < live.count || appliedNext < applied.count {
            if liveNext < live.count {
                let element = liveElements[liveNext]
                let isShared = element.map(appliedNames.contains) ?? false
                if appliedNext < applied.count, isShared {
                    if element == appliedElements[appliedNext] {
                        takeApplied(appliedNext)
                        liveNext += 1
                        appliedNext += 1
                        continue
                    }
                    // A shared item whose turn is another one's: the applied order brings it later.
                    if let next = order.next, next != element {
                        liveNext += 1
                        continue
                    }
                }
                if !isShared {
                    result.append(live[liveNext])
                    liveNext += 1
                    continue
                }
                if let element, merged.contains(element) { liveNext += 1 }
            }
            if appliedNext < applied.count {
                takeApplied(appliedNext)
                appliedNext += 1
            }
        }
        return result
    }
}

/// The names that both lists have, in the applied order; which of them is due next.
private struct SharedOrder {
    private let elements: [PathElement?]
    private var index = 0

    init(_ elements: [PathElement?]) { self.elements = elements }

    var next: PathElement? { index < elements.count ? elements[index] : nil }

    mutating func passed(_ element: PathElement) {
        if next == element { index += 1 }
    }
}

private struct Remover {
    let schema: MergeSchema
    let leavesNulls: Bool

    /// - Returns: Nil when nothing is left.
    func removing(_ fields: FieldSet, from value: JSONValue, _ type: MergeSchema.TypeIndex) -> JSONValue? {
        switch (schema.shape(type, for: value), value) {
        case (.map(let map), .object(let object)):
            if object.isEmpty { return value }
            let rest = removing(fields, from: object, map)
            return rest.isEmpty ? nil : .object(rest)
        case (.list(let list), .array(let items)):
            if items.isEmpty || list.isAtomic { return value }
            let rest = removing(fields, from: items, list)
            return rest.isEmpty ? nil : .array(rest)
        default: return value
        }
    }

    private func removing(_ fields: FieldSet, from object: JSONObject, _ map: MergeSchema.MapType) -> JSONObject {
        var result = JSONObject()
        result.reserveCapacity(object.count)
        for member in object.members {
            guard let node = fields.node(.field(member.key)), let type = schema.memberType(member.key, of: map) else {
                result.append(member.key, member.value)
                continue
            }
            if node.isMember { continue }
            if let rest = removing(node.children, from: member.value, type) {
                result.append(member.key, rest)
            } else if leavesNulls {
                result.append(member.key, .null)
            }
        }
        return result
    }

    private func removing(
        _ fields: FieldSet, from items: [JSONValue], _ list: MergeSchema.ListType
    ) -> [JSONValue] {
        items.compactMap { item in
            guard let element = try? list.element(for: item), let node = fields.node(element) else { return item }
            if node.isMember { return nil }
            return removing(node.children, from: item, list.element)
        }
    }
}
