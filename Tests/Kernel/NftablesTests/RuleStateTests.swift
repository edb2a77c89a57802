import Nftables
import Testing

struct RuleStateTests {
    private let web = "a/web"
    private let shop = "b/shop"

    private func fragment(chain: String, rules: [String], elements: [String: String]) -> RuleFragment {
        RuleFragment(
            chains: [chain: rules],
            elements: Dictionary(uniqueKeysWithValues: elements.map { (.init(collection: "services4", key: $0.key), $0.value) }))
    }

    @Test func `a change touches what has changed and nothing else`() {
        var state = RuleState<String>()
        _ = state.change([web: fragment(chain: "w", rules: ["one"], elements: ["1": "goto w"])], table: "t")
        let second = state.change([shop: fragment(chain: "s", rules: ["two"], elements: ["2": "goto s"])], table: "t")
        #expect(
            second.transaction == ["add chain inet t s", "add rule inet t s two", "add element inet t services4 { 2 : goto s }"])
        let third = state.change([web: fragment(chain: "w", rules: ["three"], elements: ["1": "goto w"])], table: "t")
        #expect(third.transaction == ["flush chain inet t w", "add rule inet t w three"])
        #expect(state.change([web: fragment(chain: "w", rules: ["three"], elements: ["1": "goto w"])], table: "t").transaction.isEmpty)
        let last = state.change([web: nil], table: "t")
        #expect(last.transaction == ["delete element inet t services4 { 1 }", "flush chain inet t w"])
        #expect(last.cleanUp == ["delete chain inet t w"])
    }

    @Test func `two services that want one address: the first by name has it, and the other gets it when that is gone`() {
        var state = RuleState<String>()
        _ = state.change([shop: fragment(chain: "s", rules: ["two"], elements: ["1": "goto s"])], table: "t")
        let second = state.change([web: fragment(chain: "w", rules: ["one"], elements: ["1": "goto w"])], table: "t")
        #expect(second.transaction.contains("delete element inet t services4 { 1 }"))
        #expect(second.transaction.last == "add element inet t services4 { 1 : goto w }")
        let lost = state.lostElements(of: shop)
        #expect(lost.map(\.element) == [.init(collection: "services4", key: "1")] && lost.map(\.owner) == [web])
        #expect(state.change([web: nil], table: "t").transaction.last == "add element inet t services4 { 1 : goto s }")
    }
}
