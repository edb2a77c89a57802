import Foundation
import Testing

/// kubectl of several versions against the built program: every command as a person types it, in `Transcripts`.
@Suite(.enabled(if: Kubectl.isThere), .serialized) struct KubectlTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()

    static let transcripts = ((try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "Transcripts").path)) ?? [])
        .filter { $0.hasSuffix(".txt") }.sorted()

    @Test(arguments: Kubectl.all, transcripts)
    func `what is typed gets the answer that stands below it`(kubectl: Kubectl, name: String) throws {
        try Daemon.with { daemon in
            let session = try KubectlSession(kubectl, daemon)
            let transcript = try Transcript(
                String(contentsOf: Self.folder.appending(path: "Transcripts/\(name)"), encoding: .utf8))
            #expect(!transcript.steps.isEmpty)
            for step in transcript.steps where step.isFor(minor: kubectl.minor) {
                let result = try session.run(step.command)
                let place = "Transcripts/\(name):\(step.line): kubectl 1.\(kubectl.minor)$ \(step.command)"
                #expect(session.masks.apply(result.stdout) == session.masks.apply(step.stdout.joined(separator: "\n")), "\(place)")
                #expect(session.masks.apply(result.stderr) == session.masks.apply(step.stderr.joined(separator: "\n")), "\(place): stderr")
                #expect(result.status == step.status, "\(place): exit code")
            }
            #expect(daemon.stderr == "", "the daemon has something to say")
        }
    }

    /// Aggregated discovery: one request for all groups' resources instead of one per group.
    @Test(arguments: Kubectl.all) func `cold discovery is one round trip`(kubectl: Kubectl) throws {
        try Daemon.with { daemon in
            let session = try KubectlSession(kubectl, daemon)
            let result = try session.run("kubectl get pods")
            #expect(result.stderr == "No resources found in default namespace.\n")
            #expect(daemon.stop() == 0)
            // Some distributions' kubectl asks which server it is first, to start the kubectl that fits.
            let requests = try daemon.requests().map { $0.uri.split(separator: "?")[0] }.filter { $0 != "/version" }
            #expect(requests == ["/api", "/apis", "/api/v1/namespaces/default/pods"], "kubectl 1.\(kubectl.minor)")
        }
    }
}
