import Testing

@testable import PodSupervisor

struct LogRotationTests {
    private static let log = Text("0.log")

    @Test func `a rotated file bears its time`() {
        #expect(LogRotation.name(of: Self.log, at: 1_767_323_045, attempt: 0) == Text("0.log.20260102-030405"))
        #expect(LogRotation.name(of: Self.log, at: 1_767_323_045, attempt: 7) == Text("0.log.20260102-030405.007"))
    }

    @Test(arguments: [
        (2, ["0.log.20260101-000000", "0.log.20260102-000000.gz"]), (3, ["0.log.20260101-000000"]), (4, []),
        (0, ["0.log.20260101-000000", "0.log.20260102-000000.gz"]),
    ])
    func `the oldest go first, and nothing else goes`(maxFiles: Int, expected: [String]) {
        let names = [
            "0.log", "0.log.20260103-000000", "0.log.20260101-000000", "1.log.20260101-000000", "0.log.20260102-000000.gz",
            "0.log.20260102-000001.tmp", "0.logx", "0.log.",
        ]
        let excess = LogRotation.excess(of: Self.log, among: names.map { Array($0.utf8) }, maxFiles: maxFiles)
        #expect(excess.map { String(decoding: $0.bytes, as: UTF8.self) } == expected)
    }

    @Test func `several in one second keep their order`() {
        let names = ["0.log.20260101-000000.002", "0.log.20260101-000000", "0.log.20260101-000000.001"]
        let excess = LogRotation.excess(of: Self.log, among: names.map { Array($0.utf8) }, maxFiles: 2)
        #expect(excess == [Text("0.log.20260101-000000"), Text("0.log.20260101-000000.001")])
    }
}
