/// Which nodes have an image, and how large it is there.
package struct ImageTable: Sendable {
    /// Size in bytes by slot.
    private var nodes: [String: [Int: Int64]] = [:]

    package subscript(name: String) -> [Int: Int64]? { nodes[name] }

    mutating func add(_ sizes: [String: Int64], at slot: Int) {
        for (name, size) in sizes { nodes[name, default: [:]][slot] = size }
    }

    mutating func remove(_ sizes: [String: Int64], at slot: Int) {
        for name in sizes.keys {
            nodes[name]?[slot] = nil
            if nodes[name]?.isEmpty == true { nodes[name] = nil }
        }
    }
}
