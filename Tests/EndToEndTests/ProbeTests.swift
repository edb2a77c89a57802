import Foundation
import Testing

extension EndToEnd {
    /// Probes of real processes: the same verdicts as under the virtual clock.
    @Suite struct ProbeTests {}
}

extension EndToEnd.ProbeTests {
    struct Handler: Sendable, CustomTestStringConvertible {
        var name: String
        /// The probe's handler, in flow style.
        var text: String
        /// What an attempt says of a container that is sick.
        var complaint: String
        var testDescription: String { name }
    }

    static let handlers = [
        Handler(name: "http", text: "httpGet: {port: 8080, path: /x}", complaint: "HTTP probe failed with statuscode: 503"),
        Handler(name: "grpc", text: "grpc: {port: 8082}", complaint: "service unhealthy (responded with \"NOT_SERVING\")"),
        Handler(name: "grpc service", text: "grpc: {port: 8082, service: none}", complaint: "code = NotFound"),
        Handler(name: "tcp", text: "tcpSocket: {port: 8081}", complaint: "connect: connection refused"),
        Handler(name: "exec", text: "exec: {command: [/fixture, probe, /tmp/h]}", complaint: "Liveness probe failed: "),
    ]

    /// Well for two seconds, then sick: two failures, then the end, since it is not to be started again.
    @Test(arguments: handlers) func `a container that falls sick is ended after its threshold`(handler: Handler) throws {
        try withMachine(images: ["fixture"]) { machine throws in
            let probe = "livenessProbe: {\(handler.text), periodSeconds: 1, failureThreshold: 2, initialDelaySeconds: 1}"
            let server = "run, --http, '8080', --tcp, '8081', --grpc, '8082', --health-file, /tmp/h, --health, '0:healthy,3:sick'"
            let pod = try machine.manifest(
                Manifest.fixture("pod", pod: "restartPolicy: Never", container: probe, arguments: server))
            let result = try machine.swiftlet(["run"], ["-f", pod, "--timeout", "20s"])
            let told = result.stderr.split(separator: "\n").filter { $0.contains("Unhealthy") }
            #expect(told.count == 2, "\(result.stderr)")
            #expect(told.allSatisfy { $0.contains("Liveness probe failed: ") && $0.contains(handler.complaint) }, "\(result.stderr)")
            #expect(result.status == 0, "it obeyed SIGTERM: \(result.stderr)")
        }
    }

    @Test func `a command out of time leaves nothing behind`() throws {
        try withMachine { machine throws in
            let probe = "readinessProbe: {exec: {command: [sh, -c, 'sleep 4242 & sleep 4242']}, periodSeconds: 1, timeoutSeconds: 1}"
            let pod = try machine.manifest(Manifest.busybox(command: "sleep 5; ps | grep -c '[s]leep 4242'", container: probe))
            let result = try machine.swiftlet(["run"], ["-f", pod, "--timeout", "30s"])
            #expect(result.stderr.contains("command timed out: \"sh -c sleep 4242 & sleep 4242\" timed out after 1s"), "\(result.stderr)")
            // Processes of attempts are seen in the container: at most those of the one that is being made.
            let count = result.stdout.split(separator: " ").last.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
            #expect((count ?? 99) <= 3, "\(result.stdout)")
        }
    }
}
