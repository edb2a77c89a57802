internal import APIMachinery

/// A list. One that comes from JSON converts its elements when they are asked for.
package struct CELList: Sendable {
    /// What makes elements the same, as a schema's list type says.
    package enum Identity: Hashable, Sendable {
        case atomic
        /// In any order.
        case set
        /// By these keys, in any order.
        case map([String])
    }

    private enum Storage: Sendable {
        case values([CELValue])
        case json([JSONValue], CELSchema?)
    }

    private let storage: Storage
    package let identity: Identity

    package init(_ values: [CELValue], identity: Identity = .atomic) {
        storage = .values(values)
        self.identity = identity
    }

    /// - Parameter elements: Of each element, nil where none is known.
    init(json: [JSONValue], elements schema: CELSchema?, identity: Identity = .atomic) {
        storage = .json(json, schema)
        self.identity = identity
    }

    package var count: Int {
        switch storage {
        case .values(let values): values.count
        case .json(let values, _): values.count
        }
    }

    /// - Parameter index: Below the count.
    package subscript(index: Int) -> CELValue {
        switch storage {
        case .values(let values): values[index]
        case .json(let values, let schema): CELValue(values[index], schema: schema)
        }
    }

    package var values: [CELValue] {
        switch storage {
        case .values(let values): values
        case .json(let values, let schema): values.map { CELValue($0, schema: schema) }
        }
    }

    func isSameJSON(_ other: CELList) -> Bool {
        guard case .json(let one, let schema) = storage, case .json(let two, let otherSchema) = other.storage else { return false }
        return schema === otherSchema && one == two
    }
}

extension CELList {
    /// A set takes in what is new, a list with keys replaces what has the same keys, any other is extended.
    func appending(_ other: CELList) -> CELList {
        switch identity {
        case .atomic: return CELList(values + other.values)
        case .set:
            let own = values
            return CELList(own + other.values.filter { new in !own.contains { $0.equals(new) } }, identity: identity)
        case .map(let keys):
            var result = values
            for new in other.values {
                if let index = result.firstIndex(where: { Self.haveSameKeys($0, new, keys) }) {
                    result[index] = new
                } else {
                    result.append(new)
                }
            }
            return CELList(result, identity: identity)
        }
    }

    func equals(_ other: CELList) -> Bool {
        guard count == other.count else { return false }
        if isSameJSON(other) { return true }
        switch identity {
        case .atomic: return (0..<count).allSatisfy { self[$0].equals(other[$0]) }
        case .set:
            let others = other.values
            return values.allSatisfy { value in others.contains { $0.equals(value) } }
        case .map(let keys):
            let others = other.values
            return values.allSatisfy { value in
                others.first { Self.haveSameKeys($0, value, keys) }.map { $0.equals(value) } ?? false
            }
        }
    }

    private static func haveSameKeys(_ one: CELValue, _ other: CELValue, _ keys: [String]) -> Bool {
        guard case .map(let one) = one, case .map(let other) = other else { return false }
        return keys.allSatisfy { key in
            switch (one.json(key), other.json(key)) {
            case (nil, nil): true
            case (let left?, let right?): left.equals(right)
            default: false
            }
        }
    }
}
