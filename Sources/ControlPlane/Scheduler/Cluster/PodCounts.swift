/// How many pods of a selection each node has, for the selections that were asked for. Kept true by additions and removals of pods, so that
/// spreading and affinity need no walk over pods.
package struct PodCounts: Sendable {
    private struct Table: Sendable {
        var selection: PodSelection
        var counts: [Int32]
        var lastUse = 0
    }
    private var tables: [Table] = []
    private var indexes: [PodSelection: Int] = [:]
    /// Tables by the one namespace that they speak of; the others under nil.
    private var byNamespace: [String?: [Int]] = [:]
    private var uses = 0
    /// The oldest quarter is forgotten beyond so many.
    static let maxTables = 4096

    subscript(selection: PodSelection) -> [Int32]? { indexes[selection].map { tables[$0].counts } }

    /// Keeps counts of a selection from now on.
    ///
    /// - Parameter count: Counts from nothing.
    mutating func keep(_ selection: PodSelection, count: () -> [Int32]) {
        uses += 1
        if let known = indexes[selection] {
            tables[known].lastUse = uses
            return
        }
        if tables.count >= Self.maxTables { forgetOldest() }
        insert(Table(selection: selection, counts: count(), lastUse: uses))
    }

    mutating func add(_ pod: PodInfo, at slot: Int, _ namespaces: NamespaceLabels) { change(pod, at: slot, by: 1, namespaces) }
    mutating func remove(_ pod: PodInfo, at slot: Int, _ namespaces: NamespaceLabels) { change(pod, at: slot, by: -1, namespaces) }

    /// Namespaces have other labels now: what was selected by them is no longer known.
    mutating func forgetSelectionsByNamespaceLabels() {
        let kept = tables.filter { $0.selection.scope.selector == nil }
        guard kept.count != tables.count else { return }
        rebuild(kept)
    }

    private mutating func change(_ pod: PodInfo, at slot: Int, by step: Int32, _ namespaces: NamespaceLabels) {
        for list in [byNamespace[pod.key.namespace], byNamespace[nil]] {
            for index in list ?? [] where tables[index].selection.matches(pod, namespaces) {
                while tables[index].counts.count <= slot { tables[index].counts.append(0) }
                tables[index].counts[slot] += step
            }
        }
    }

    private mutating func insert(_ table: Table) {
        let scope = table.selection.scope
        let namespace = scope.selector == nil && scope.names.count == 1 ? scope.names.first : nil
        indexes[table.selection] = tables.count
        byNamespace[namespace, default: []].append(tables.count)
        tables.append(table)
    }

    private mutating func forgetOldest() { rebuild(Array(tables.sorted { $0.lastUse > $1.lastUse }.prefix(Self.maxTables * 3 / 4))) }

    private mutating func rebuild(_ kept: [Table]) {
        tables = []
        indexes = [:]
        byNamespace = [:]
        for table in kept { insert(table) }
    }
}
