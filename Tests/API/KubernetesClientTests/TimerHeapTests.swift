import Testing

@testable import KubernetesClient

struct TimerHeapTests {
    @Test func `keys come in the order in which they are due, and in that in which they were set`() {
        var heap = TimerHeap<String>()
        heap.set("late", at: .seconds(9))
        heap.set("first", at: .seconds(1))
        heap.set("second", at: .seconds(1))
        heap.set("moved", at: .seconds(5))
        heap.set("moved", at: .seconds(2))
        heap.set("gone", at: .zero)
        heap.cancel("gone")
        #expect(heap.count == 4 && heap.next == .seconds(1) && heap["moved"] == .seconds(2))
        #expect(heap.take(at: .milliseconds(999)) == nil)
        var taken: [String] = []
        while let key = heap.take(at: .seconds(9)) { taken.append(key) }
        #expect(taken == ["first", "second", "moved", "late"])
        #expect(heap.next == nil && heap.count == 0)
    }

    @Test(arguments: [1, 2, 3]) func `it agrees with a list that is searched`(seed: Int) {
        var heap = TimerHeap<Int>()
        var model: [Int: (due: Int, order: Int)] = [:]
        var state = UInt64(seed)
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for step in 0..<5000 {
            let key = random(200)
            switch random(4) {
            case 0, 1:
                let due = random(1000)
                heap.set(key, at: .seconds(due))
                model[key] = (due, step)
            case 2:
                heap.cancel(key)
                model[key] = nil
            default:
                let first = model.min { ($0.value.due, $0.value.order) < ($1.value.due, $1.value.order) }
                #expect(heap.next == first.map { .seconds($0.value.due) })
                let now = random(1000)
                let expected = first.flatMap { $0.value.due <= now ? $0.key : nil }
                #expect(heap.take(at: .seconds(now)) == expected)
                if let expected { model[expected] = nil }
            }
            #expect(heap.count == model.count)
        }
    }
}
