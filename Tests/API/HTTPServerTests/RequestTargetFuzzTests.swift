import APIMachinery
import TestSupport
import Testing

@testable import HTTPServer

@Suite struct RequestTargetFuzzTests {
    /// What is accepted can be put together again from its parts, so no parameter hides in the path or the other way round.
    @Test func `any target is refused, or is path and query without anything between`() {
        let inputs = [
            "/api/v1/namespaces/default/pods?labelSelector=app%3Dweb&watch=1", "/a%2Fb/%00?x=+%2B&&y", "http://host/a?b#c", "https://h",
            "*", "//a/../b?x=%zz;y",
        ].map { Array($0.utf8) }
        var random = Mutator(seed: 1)
        for _ in 0..<20_000 {
            guard let target = RequestTarget(String(decoding: random.changed(inputs), as: UTF8.self)) else { continue }
            #expect(target.path.hasPrefix("/"))
            #expect(!target.path.utf8.contains { $0 <= 0x20 || $0 == UInt8(ascii: "?") })
            #expect(PercentEncoding.decoded(target.path[...]) != nil)
        }
    }
}
