import APIMachinery
import Testing

@testable import KubernetesAPI

/// Laws that hold for every object and every order of managers.
@Suite struct ApplyPropertyTests {
    static let kind = GroupVersionKind(group: "e.com", version: "v1", kind: "T")
    static let schema: JSONValue = [
        "type": "object",
        "properties": [
            "set": ["type": "array", "items": ["type": "string"], "x-kubernetes-list-type": "set"],
            "map": [
                "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
                "items": [
                    "type": "object",
                    "properties": [
                        "k": ["type": "string"], "v": ["type": "integer"],
                        "s": [
                            "type": "object", "properties": ["a": ["type": "string"], "b": ["type": "string"]],
                        ],
                    ],
                ],
            ],
            "atomic": ["type": "array", "items": ["type": "integer"]],
            "open": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
            "labels": ["type": "object", "additionalProperties": ["type": "string"]],
            "size": ["type": "integer"],
        ],
    ]
    static let type = ApplyType(openAPIV3Schema: schema)
    static let manager = FieldManager(kind: kind, type: type)
    static let time = Timestamp(seconds: 1_700_000_000)

    private func randomObject(_ random: inout SplitMix) -> JSONObject {
        var object: JSONObject = ["apiVersion": "e.com/v1", "kind": "T", "metadata": ["name": "t"]]
        func text() -> JSONValue { .string(["a", "b", "c", "d"][random.below(4)]) }
        func number() -> JSONValue { .integer(Int64(random.below(3))) }
        func some(_ count: Int) -> Range<Int> { 0..<random.below(count + 1) }
        if random.coin() { object["set"] = .array(Array(Set(some(3).map { _ in text() }))) }
        if random.coin() {
            var items: [JSONValue] = []
            for key in ["x", "y", "z"] where random.coin() {
                var item: JSONObject = ["k": .string(key)]
                if random.coin() { item["v"] = number() }
                if random.coin() { item["s"] = random.coin() ? ["a": text()] : ["b": text()] }
                items.insert(.object(item), at: random.below(items.count + 1))
            }
            object["map"] = .array(items)
        }
        if random.coin() { object["atomic"] = .array(some(3).map { _ in number() }) }
        if random.coin() { object["open"] = random.coin() ? ["p": ["q": text()]] : ["r": [number()]] }
        if random.coin() { object["labels"] = ["l\(random.below(2))": text()] }
        if random.coin() { object["size"] = number() }
        return object
    }

    /// An object that several managers have applied and updated.
    private func history(_ random: inout SplitMix) throws -> JSONObject {
        var live: JSONObject?
        for _ in 0..<6 {
            let body = randomObject(&random)
            let name = ["one", "two", "three"][random.below(3)]
            if random.below(3) > 0 || live == nil {
                live = try Self.manager.apply(live: live, applied: body, manager: name, force: true, time: Self.time)
            } else {
                live = Self.manager.update(live: live, new: body, manager: name, time: Self.time)
            }
            live?["metadata", default: [:]]["uid"] = "u"
        }
        return try #require(live)
    }

    @Test(arguments: 0..<200) func `applying twice is applying once`(seed: Int) throws {
        var random = SplitMix(seed)
        let live = try history(&random)
        let body = randomObject(&random)
        let once = try Self.manager.apply(live: live, applied: body, manager: "m", force: true, time: Self.time)
        let twice = try Self.manager.apply(live: once, applied: body, manager: "m", force: false, time: Self.time + .seconds(9))
        #expect(twice == once)
    }

    @Test(arguments: 0..<200) func `every applied value is in the result`(seed: Int) throws {
        var random = SplitMix(seed)
        let live = try history(&random)
        let body = randomObject(&random)
        let result = try Self.manager.apply(live: live, applied: body, manager: "m", force: true, time: Self.time)
        let changes = Self.type.compare(result, body)
        #expect(changes.added.isEmpty && changes.modified.isEmpty, "\(changes)")
    }

    @Test(arguments: 0..<200) func `owned fields exist, and every field has an owner`(seed: Int) throws {
        var random = SplitMix(seed)
        let live = try history(&random)
        let owned = try ManagedFields(json: live["metadata"]?["managedFields"]).entries
            .reduce(FieldSet()) { $0.union($1.fields) }
        var object = ManagedFields.removed(from: live)
        object["metadata"] = nil
        object["apiVersion"] = nil
        object["kind"] = nil
        let present = Self.type.fieldSet(of: object)
        // Items of lists and maps lose their own membership when all that is in them is taken away one by one.
        let orphans = present.subtracting(owned).paths.filter { path in
            if case .field(let name)? = path.last { return name != "k" && path.count == 1 }
            return false
        }
        #expect(orphans.isEmpty, "\(orphans.map(\.pathText)) in \(JSONValue.object(live))")
    }

    @Test(arguments: 0..<200) func `a manager that applies nothing leaves nothing of its own`(seed: Int) throws {
        var random = SplitMix(seed)
        let body = randomObject(&random)
        let empty: JSONObject = ["apiVersion": "e.com/v1", "kind": "T", "metadata": ["name": "t"]]
        var live = try Self.manager.apply(live: nil, applied: empty, manager: "other", force: true, time: Self.time)
        live["metadata", default: [:]]["uid"] = "u"
        let applied = try Self.manager.apply(live: live, applied: body, manager: "m", force: true, time: Self.time)
        let gone = try Self.manager.apply(live: applied, applied: empty, manager: "m", force: true, time: Self.time)
        let left = ManagedFields.removed(from: gone).members.filter { $0.value != [] }.map(\.key)
        #expect(left == ["apiVersion", "kind", "metadata"], "\(JSONValue.object(gone))")
    }

    @Test(arguments: 0..<200) func `set laws`(seed: Int) throws {
        var random = SplitMix(seed)
        let left = Self.type.fieldSet(of: randomObject(&random))
        let right = Self.type.fieldSet(of: randomObject(&random))
        #expect(left.union(right) == right.union(left))
        #expect(left.intersection(right) == right.intersection(left))
        #expect(left.subtracting(right).union(left.intersection(right)) == left)
        #expect(left.subtracting(right).intersection(right).isEmpty)
        #expect(try FieldSet(json: left.json) == left)
    }
}

/// Repeatable random numbers (SplitMix64).
struct SplitMix {
    private var state: UInt64

    init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9e37_79b9_7f4a_7c15 }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
    mutating func coin() -> Bool { next() & 1 == 0 }
}
