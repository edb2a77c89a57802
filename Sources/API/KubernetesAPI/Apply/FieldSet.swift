internal import APIMachinery

/// A set of paths into an object, as a tree: the fields that a manager owns.
///
/// A path can be in the set while its descendants are not, and the other way round.
package struct FieldSet: Hashable, Sendable {
    package struct Node: Hashable, Sendable {
        package let element: PathElement
        /// Whether the path that ends here is in the set.
        package var isMember: Bool
        /// The paths below.
        package var children: FieldSet

        package init(_ element: PathElement, isMember: Bool, children: FieldSet = FieldSet()) {
            self.element = element
            self.isMember = isMember
            self.children = children
        }

        var isEmpty: Bool { !isMember && children.isEmpty }
    }

    /// Ordered by element, each once and none of them empty.
    package private(set) var nodes: [Node]

    package init() { nodes = [] }

    /// - Parameter nodes: In any order; no element twice, none of them empty.
    init(unsorted nodes: [Node]) {
        self.nodes = nodes
        if !zip(nodes, nodes.dropFirst()).allSatisfy({ $0.element < $1.element }) {
            self.nodes.sort { $0.element < $1.element }
        }
    }

    private init(sorted nodes: [Node]) { self.nodes = nodes }

    package init(paths: [[PathElement]]) {
        self.init()
        for path in paths { insert(path[...]) }
    }

    package var isEmpty: Bool { nodes.isEmpty }

    package func contains(_ path: [PathElement]) -> Bool { contains(path[...]) }

    private func contains(_ path: ArraySlice<PathElement>) -> Bool {
        guard let first = path.first, let node = node(first) else { return false }
        return path.count == 1 ? node.isMember : node.children.contains(path.dropFirst())
    }

    package mutating func insert(_ path: [PathElement]) { insert(path[...]) }

    private mutating func insert(_ path: ArraySlice<PathElement>) {
        guard let first = path.first else { return }
        let index = firstIndex(notBelow: first)
        if index == nodes.count || nodes[index].element != first {
            nodes.insert(Node(first, isMember: false), at: index)
        }
        if path.count == 1 {
            nodes[index].isMember = true
        } else {
            nodes[index].children.insert(path.dropFirst())
        }
    }

    package func node(_ element: PathElement) -> Node? {
        let index = firstIndex(notBelow: element)
        return index < nodes.count && nodes[index].element == element ? nodes[index] : nil
    }

    /// Binary search.
    private func firstIndex(notBelow element: PathElement) -> Int {
        var low = 0
        var high = nodes.count
        while low < high {
            let middle = (low + high) / 2
            if nodes[middle].element < element { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Every path of the set: of the siblings those that end here first.
    package var paths: [[PathElement]] {
        var all: [[PathElement]] = []
        appendPaths(below: [], to: &all)
        return all
    }

    private func appendPaths(below prefix: [PathElement], to all: inout [[PathElement]]) {
        for node in nodes where node.isMember { all.append(prefix + [node.element]) }
        for node in nodes where !node.children.isEmpty {
            node.children.appendPaths(below: prefix + [node.element], to: &all)
        }
    }
}

extension FieldSet {
    package func union(_ other: FieldSet) -> FieldSet {
        if isEmpty { return other }
        if other.isEmpty { return self }
        return joined(with: other) { left, right in
            guard let left else { return right }
            guard let right else { return left }
            return Node(
                left.element, isMember: left.isMember || right.isMember, children: left.children.union(right.children))
        }
    }

    package func intersection(_ other: FieldSet) -> FieldSet {
        if isEmpty || other.isEmpty { return FieldSet() }
        return joined(with: other) { left, right in
            guard let left, let right else { return nil }
            return Node(
                left.element, isMember: left.isMember && right.isMember,
                children: left.children.intersection(right.children))
        }
    }

    /// The paths that are not in the other set, one by one: descendants of its paths stay.
    package func subtracting(_ other: FieldSet) -> FieldSet {
        if isEmpty || other.isEmpty { return self }
        return joined(with: other) { left, right in
            guard let left else { return nil }
            guard let right else { return left }
            return Node(
                left.element, isMember: left.isMember && !right.isMember,
                children: left.children.subtracting(right.children))
        }
    }

    /// The paths that neither are in the other set nor lie below one of its paths.
    package func subtractingTrees(_ other: FieldSet) -> FieldSet {
        if isEmpty || other.isEmpty { return self }
        return joined(with: other) { left, right in
            guard let left else { return nil }
            guard let right else { return left }
            if right.isMember { return nil }
            return Node(
                left.element, isMember: left.isMember, children: left.children.subtractingTrees(right.children))
        }
    }

    /// The set with other children and members at each node; empty nodes are left out.
    func mapNodes(_ transform: (Node) -> Node) -> FieldSet {
        FieldSet(
            sorted: nodes.compactMap { node in
                let changed = transform(node)
                return changed.isEmpty ? nil : changed
            })
    }

    /// Merges two ordered lists of nodes.
    private func joined(with other: FieldSet, _ combine: (Node?, Node?) -> Node?) -> FieldSet {
        var result: [Node] = []
        result.reserveCapacity(max(nodes.count, other.nodes.count))
        func take(_ left: Node?, _ right: Node?) {
            if let node = combine(left, right), !node.isEmpty { result.append(node) }
        }
        var left = 0
        var right = 0
        while left < nodes.count, right < other.nodes.count {
            let order = nodes[left].element.compare(other.nodes[right].element)
            take(order <= 0 ? nodes[left] : nil, order >= 0 ? other.nodes[right] : nil)
            if order <= 0 { left += 1 }
            if order >= 0 { right += 1 }
        }
        while left < nodes.count {
            take(nodes[left], nil)
            left += 1
        }
        while right < other.nodes.count {
            take(nil, other.nodes[right])
            right += 1
        }
        return FieldSet(sorted: result)
    }
}

extension FieldSet: CustomStringConvertible {
    /// A path per line, as conflicts name them.
    package var description: String { paths.map { $0.pathText }.joined(separator: "\n") }
}

extension [PathElement] {
    /// `.spec.containers[name="web"].image`
    package var pathText: String { map(\.description).joined() }
}
