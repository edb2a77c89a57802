import Foundation
import Testing

@testable import Experiments

@Suite struct ExperimentTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../../experiments").standardized
    static let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasSuffix(".yaml") }.sorted()

    @Test func `there are experiments`() { #expect(Self.files.count >= 11) }

    @Test(arguments: files) func `goes as it expects`(file: String) async throws {
        let text = try String(contentsOf: Self.folder.appending(path: file), encoding: .utf8)
        let report = try await ExperimentReport.simulate(text, file: file)
        #expect(report.passed, "\(report.text)")
        #expect(!report.experiment.about.isEmpty)
    }

    private static let flaky = """
        apiVersion: swiftlet.dev/v1
        kind: Experiment
        metadata: {name: flaky}
        duration: 30m
        repeat: 2
        sweep:
          code: [3, 4]
        pods:
        - metadata: {name: web}
          spec: {containers: [{name: app, image: simulated}]}
        containers:
        - name: app
          exit: {after: 1s, code: ${code}, jitter: 20s}
        steps:
        - after: app#1 started + 100ms
          do: signal
          signal: 9
        expect:
        - happens: app exited 3
          atLeast: 1
        - happens: app#1 exited 137
        """

    @Test func `one seed gives one history, another seed another`() async throws {
        let first = try await ExperimentReport.simulate(Self.flaky, file: "f")
        let again = try await ExperimentReport.simulate(Self.flaky, file: "f")
        func histories(_ report: ExperimentReport) -> [[Happening]] { report.variants.flatMap(\.results).map(\.outcome.happenings) }
        #expect(histories(first) == histories(again))
        #expect(histories(first)[0] != histories(first)[1])
    }

    @Test func `what is not as expected is told, in each form`() async throws {
        let report = try await ExperimentReport.simulate(Self.flaky, file: "f")
        #expect(!report.passed)
        #expect(report.variants.map(\.passedCount) == [2, 0])
        #expect(report.text.contains("code=4") && report.text.contains("✗ happens app exited 3, atLeast 1: it never happened"))
        #expect(report.text.contains("✓ happens app#1 exited 137"))
        #expect(
            report.junit.contains("failures=\"2\"")
                && report.junit.contains("<testsuite name=\"flaky (code=3)\" tests=\"4\" failures=\"0\">"))
        #expect(report.json["variants"]?[1]?["runs"]?[0]?["passed"] == false)
        #expect(report.html.contains("<svg") && !report.html.contains("http"))
    }

    @Test(arguments: [
        ("duration: 30m", "duration: soon", "f:4: duration: \"soon\" is no span of time: write it as 500ms, 90s or 1h30m"),
        ("repeat: 2", "repeats: 2", "f:5: repeats: unknown field"),
        ("name: app\n", "name: ap\n", "f:12: containers[0].name: there is no container \"ap\" in pod web: must be one of app"),
        ("do: signal", "do: freeze", "f:16: steps[0].do: \"freeze\" needs a real kernel or network, and can't be simulated"),
        ("do: signal", "do: jump", "f:16: steps[0].do: \"jump\" is no fault: must be one of kill"),
        ("app#1 started +", "app begun +", "f:15: steps[0].after: \"app begun\" names nothing that happens"),
        ("app exited 3", "app exited badly", "f:19: expect[0].happens: \"app exited badly\" names nothing"),
        ("image: simulated", "imagee: simulated", "f:10: pods[0].spec.containers[0].imagee: unknown field"),
        ("kind: Experiment", "kind: Pod", "f:2: kind: must be Experiment: got Pod"),
        ("- happens: app#1 exited 137", "- never: ready\n  happens: ready", "needs exactly one of"),
    ])
    func `a mistake is answered with its line, its field and what would be right`(old: String, new: String, expected: String) throws {
        let text = Self.flaky.replacingOccurrences(of: old, with: new)
        let error = #expect(throws: ExperimentError.self) { try ExperimentReader.read(text, file: "f") }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }
}
