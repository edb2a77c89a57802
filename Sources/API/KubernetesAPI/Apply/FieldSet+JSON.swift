package import APIMachinery

extension FieldSet {
    /// The set as `fieldsV1`: an object per level, `.` for a path that itself belongs to the set beside what is below.
    package var json: JSONValue {
        var object = JSONObject()
        object.reserveCapacity(nodes.count)
        appendMembers(to: &object)
        return .object(object)
    }

    private func appendMembers(to object: inout JSONObject) {
        for node in nodes {
            var below = JSONObject()
            if !node.children.isEmpty {
                below.reserveCapacity(node.children.nodes.count + 1)
                if node.isMember { below.append(".", [:]) }
                node.children.appendMembers(to: &below)
            }
            object.append(node.element.serializedKey, .object(below))
        }
    }

    /// Reads `fieldsV1`. Forms of keys that are not known are passed over.
    package init(json: JSONValue) throws(FieldSetError) {
        guard let object = json.objectValue else { throw FieldSetError(key: "", reason: "must be an object") }
        self = try FieldSet.reading(object, depth: 0).set
    }

    /// Deeper sets than this are refused; no type of the API comes near it.
    private static let maxDepth = 256

    private static func reading(_ object: JSONObject, depth: Int) throws(FieldSetError) -> (set: FieldSet, hasSelf: Bool) {
        guard depth < maxDepth else { throw FieldSetError(key: "", reason: "is nested too deep") }
        var nodes: [Node] = []
        nodes.reserveCapacity(object.count)
        var hasSelf = false
        for member in object.members {
            if member.key == "." {
                hasSelf = true
                continue
            }
            guard let element = try PathElement(serializedKey: member.key) else { continue }
            guard let below = member.value.objectValue else {
                throw FieldSetError(key: member.key, reason: "must hold an object")
            }
            if below.isEmpty {
                nodes.append(Node(element, isMember: true))
                continue
            }
            let (children, isMember) = try reading(below, depth: depth + 1)
            let node = Node(element, isMember: isMember, children: children)
            if !node.isEmpty { nodes.append(node) }
        }
        return (FieldSet(joiningUnsorted: nodes), hasSelf)
    }

    /// - Parameter nodes: In any order; an element that stands twice, as `v:1` and `v:1.0` may, counts as both together.
    private init(joiningUnsorted nodes: [Node]) {
        self.init(unsorted: nodes)
        guard zip(self.nodes, self.nodes.dropFirst()).contains(where: { !($0.element < $1.element) }) else { return }
        self = nodes.reduce(FieldSet()) { $0.union(FieldSet(unsorted: [$1])) }
    }
}
