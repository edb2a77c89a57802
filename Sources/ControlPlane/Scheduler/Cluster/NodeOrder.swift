/// The nodes in the order in which they are tried: one of each zone in turn, so that the first ones found are not all of one zone.
package struct NodeOrder: Sendable {
    /// Slots by zone, zones and slots in the order of their coming.
    private var zones: [(name: String, slots: [Int])] = []

    mutating func insert(_ slot: Int, zone: String) {
        if let index = zones.firstIndex(where: { $0.name == zone }) {
            zones[index].slots.append(slot)
        } else {
            zones.append((zone, [slot]))
        }
    }

    mutating func remove(_ slot: Int, zone: String) {
        guard let index = zones.firstIndex(where: { $0.name == zone }) else { return }
        zones[index].slots.removeAll { $0 == slot }
        if zones[index].slots.isEmpty { zones.remove(at: index) }
    }

    /// All slots, zone by zone in turn.
    var slots: [Int] {
        if zones.count == 1 { return zones[0].slots }
        let longest = zones.map(\.slots.count).max() ?? 0
        return (0..<longest).flatMap { turn in zones.compactMap { turn < $0.slots.count ? $0.slots[turn] : nil } }
    }
}
