/// The values of one node label over all nodes, as small numbers.
package struct Topology: Sendable {
    package static let none: Int32 = -1
    /// By slot; `none` for a node without the label, and where no node is.
    package private(set) var valueOfSlot: [Int32]
    package private(set) var values: [String] = []
    private var numbers: [String: Int32] = [:]
    private let key: String

    init(key: String, nodes: [NodeInfo?]) {
        self.key = key
        valueOfSlot = Array(repeating: Self.none, count: nodes.count)
        for slot in nodes.indices { set(nodes[slot], at: slot) }
    }

    /// Numbers are never given twice, so that counts by them stay right; a value that no node has any more keeps its number.
    mutating func set(_ node: NodeInfo?, at slot: Int) {
        while valueOfSlot.count <= slot { valueOfSlot.append(Self.none) }
        guard let value = node?.labels[key] else { return valueOfSlot[slot] = Self.none }
        if let known = numbers[value] { return valueOfSlot[slot] = known }
        let number = Int32(values.count)
        values.append(value)
        numbers[value] = number
        valueOfSlot[slot] = number
    }

    /// Adds counts by slot up by value.
    ///
    /// - Returns: By number of value.
    package func sums(of counts: [Int32]) -> [Int64] {
        var sums = Array(repeating: Int64(0), count: values.count)
        for slot in counts.indices where counts[slot] != 0 && slot < valueOfSlot.count {
            let value = valueOfSlot[slot]
            if value >= 0 { sums[Int(value)] += Int64(counts[slot]) }
        }
        return sums
    }
}
