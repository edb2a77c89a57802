/// The members of a JSON object in their order. No key stands in it twice.
package struct JSONObject: Sendable {
    package struct Member: Hashable, Sendable {
        package var key: String
        package var value: JSONValue

        package init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    package private(set) var members: [Member]

    package init() { members = [] }

    /// - Parameter members: Of two members with the same key the later value counts, in the place of the earlier.
    package init(members: [Member]) {
        self.members = members
        guard members.count > 1, let duplicate = Self.firstDuplicate(in: members) else { return }
        self.members = Array(members[..<duplicate])
        for member in members[duplicate...] { self[member.key] = member.value }
    }

    init(uniqueMembers members: [Member]) { self.members = members }

    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }
    package var keys: [String] { members.map(\.key) }

    package func index(of key: String) -> Int? { members.firstIndex { $0.key == key } }

    /// Setting nil removes the member; setting a new key appends it.
    package subscript(key: String) -> JSONValue? {
        get { index(of: key).map { members[$0].value } }
        set {
            switch (index(of: key), newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    /// The member's value to change in place; a key that is new begins as null.
    package subscript(key: String, default value: @autoclosure () -> JSONValue) -> JSONValue {
        get { self[key] ?? value() }
        _modify {
            if index(of: key) == nil { members.append(Member(key: key, value: value())) }
            yield &members[index(of: key) ?? 0].value
        }
    }

    /// Appends without looking for the key, which the caller knows to be new.
    package mutating func append(_ key: String, _ value: JSONValue) {
        members.append(Member(key: key, value: value))
    }

    package mutating func reserveCapacity(_ count: Int) { members.reserveCapacity(count) }

    /// The index of the first member whose key came before, or nil. Quadratic for few members, linear for many.
    static func firstDuplicate(in members: [Member]) -> Int? {
        if members.count <= 24 {
            for later in members.indices.dropFirst() {
                let key = members[later].key
                for earlier in 0..<later where members[earlier].key == key { return later }
            }
            return nil
        }
        var seen = Set<String>(minimumCapacity: members.count)
        return members.firstIndex { !seen.insert($0.key).inserted }
    }
}

extension JSONObject: Hashable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        if left.members == right.members { return true }
        if left.count <= 12 { return left.members.allSatisfy { right[$0.key] == $0.value } }
        let byKey = Dictionary(uniqueKeysWithValues: right.members.map { ($0.key, $0.value) })
        return left.members.allSatisfy { byKey[$0.key] == $0.value }
    }

    package func hash(into hasher: inout Hasher) {
        // Order does not count, so the members' hashes are summed.
        var sum = 0
        for member in members { sum &+= member.hashValue }
        hasher.combine(sum)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(members: elements.map { Member(key: $0.0, value: $0.1) })
    }
}
