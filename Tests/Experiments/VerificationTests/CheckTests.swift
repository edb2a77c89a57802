import Testing

@testable import Verification

struct CheckTests {
    static let feature = Feature(.kernel, "thing", neededBy: "pods", lost: "all", mend: "mend it")
    static let optional = Feature(.kernel, "thing", neededBy: "pods", lost: "all", mend: "mend it", isRequired: false)

    @Test(arguments: [
        (feature, Probe.Answer.yes("1"), CheckLine.State.ok), (feature, .poorly("1"), .warn), (feature, .no("1"), .fail),
        (feature, .unknown("1"), .unknown), (optional, .no("1"), .warn), (optional, .unknown("1"), .unknown),
    ])
    func `an answer becomes a state`(feature: Feature, answer: Probe.Answer, state: CheckLine.State) {
        #expect(CheckLine(feature, answer).state == state)
    }
}
