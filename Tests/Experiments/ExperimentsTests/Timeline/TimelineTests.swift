import APIMachinery
import Testing

@testable import Experiments

@Suite struct TimelineTests {
    private func timeline() throws -> Timeline {
        let facts = try FactsBuilder(status: running(ready: true))
            .scheduling(#"{"time": "2026-03-01T11:50:00.100000Z", "tookSeconds": 0.000250, "node": "node1"}"#)
            .step(.accepted, ago: 599.8, took: 0).step(.sandbox, ago: 599.7, took: 0.05, "10.0.0.5")
            .step(.image, "app", ago: 599.6, took: 0.4, "registry.test/<web>:1").step(
                .run, "app", attempt: 0, ago: 599, took: 9, failure: "Error", "exit code 1"
            )
            .step(.backOff, "app", attempt: 1, ago: 590, took: 10, "back-off 10s").step(.run, "app", attempt: 1, ago: 580, took: nil)
            .probes(
                #"{"container": "app", "probe": "liveness", "attempts": [{"time": "2026-03-01T11:51:00Z", "durationMicroseconds": 1500, "result": "failure", "message": "no"}]}"#
            )
        return Timeline(facts.facts)
    }

    @Test func `each phase has its place and its length`() throws {
        let lines = try timeline().text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(
            lines[0] == "default/web from 2026-03-01T11:50:00.000000 on, in seconds"
                || lines[0].hasPrefix("default/web from 2026-03-01T11:50:00.000000Z"))
        #expect(lines.contains("+0.100000 0.000250 pod schedule to node node1"))
        #expect(lines.contains("+0.300000 0.050000 pod#0 sandbox 10.0.0.5") || lines.contains("+0.300000 0.050000 pod sandbox 10.0.0.5"))
        #expect(lines.contains("+1.000000 9.000000 app#0 ✗ run exit code 1: Error"))
        #expect(lines.contains("+20.000000 580.000000 … app#1 run"))
        #expect(lines.contains("probe app liveness: 1 attempts are remembered, 1 failed; the slowest took 1.5 ms"))
        #expect(lines.contains("ready after 1 s: image 400 ms, sandbox 50 ms, schedule 250 µs"))
    }

    @Test func `lanes stand in the order of their begin, probes below their container`() throws {
        #expect(try timeline().lanes == ["pod", "app", "app liveness"])
    }

    @Test func `the trace names each lane and gives each span its microseconds`() throws {
        let events = try timeline().chromeTrace["traceEvents"]?.arrayValue ?? []
        let run = try #require(events.first { $0["name"] == "run #0" })
        #expect(run["ts"] == 1_000_000)
        #expect(run["dur"] == 9_000_000)
        #expect(run["ph"] == "X")
        #expect(events.filter { $0["name"] == "thread_name" }.count == 3)
    }

    @Test func `the page needs nothing else, and texts of others can't break it`() throws {
        let html = try timeline().html
        #expect(html.contains("<svg") && html.contains("registry.test/&lt;web&gt;:1"))
        #expect(!html.contains("<web>") && !html.contains("src=") && !html.contains("http"))
    }

    @Test func `without the agent's account the status tells`() throws {
        let spans = Timeline(try FactsBuilder(status: crashLoop(1)).facts).spans
        #expect(spans.map(\.name) == ["created", "run"])
        #expect(spans.last?.end == Timestamp("2026-03-01T11:59:00Z"))
    }

    @Test(arguments: [
        (0.5, ["0", "100 ms", "200 ms", "300 ms", "400 ms"]), (4.0, ["0", "1 s", "2 s", "3 s"]),
        (3_600.0, ["0", "10m", "20m", "30m", "40m", "50m"]),
    ])
    func `ticks stand at round numbers`(length: Double, expected: [String]) {
        #expect(TimelinePicture(lanes: [], length: length).ticks.map(TimelinePicture.tickText) == expected)
    }
}
