import APIMachinery
import APIServer
import Testing

@Suite struct RequestTimeoutTests {
    let maps = "/api/v1/namespaces/default/configmaps"

    /// Lets nothing through before it is cancelled.
    private struct Stuck: AdmissionPlugin {
        func validate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
            guard attributes.plural == "configmaps" else { return }
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
            throw Status(code: 500, reason: .internalError, message: "cancelled")
        }
    }

    @Test(arguments: ["1ns", "0.5ms", "20ms"])
    func `a request ends when its client says`(timeout: String) async throws {
        let test = try await TestServer(admission: [NamespaceLifecycle(), Stuck()])
        let response = await test.send("POST", maps + "?timeout=\(timeout)", configMap("a"))
        #expect(response.status == 504)
        let status = try response.json
        #expect(status["reason"] == "Timeout")
        #expect(status["message"] == "Timeout: request did not complete within the allotted timeout")
    }

    @Test func `a write ends when the server says`() async throws {
        let test = try await TestServer(admission: [NamespaceLifecycle(), Stuck()]) { $0.requestTimeout = .milliseconds(20) }
        #expect(await test.send("POST", maps, configMap("a")).status == 504)
        // Zero, and more than the server allows, are the server's own limit.
        #expect(await test.send("POST", maps + "?timeout=0", configMap("a")).status == 504)
        #expect(await test.send("POST", maps + "?timeout=1h", configMap("a")).status == 504)
    }

    @Test func `a list that comes too late says so`() async throws {
        let test = try await TestServer()
        #expect(await test.send("GET", maps + "?timeout=1ns").status == 504)
        #expect(await test.send("GET", maps + "?timeout=30s").status == 200)
        #expect(await test.send("POST", maps + "?timeout=30s", configMap("a")).status == 201)
    }

    @Test func `a watch is not bound by it`() async throws {
        let test = try await TestServer(admission: [NamespaceLifecycle(), Stuck()]) { $0.requestTimeout = .milliseconds(20) }
        let reader = try await test.watch(maps + "?watch=1&timeout=1ns")
        // What began later has met its limit: the watch would have too.
        #expect(await test.send("POST", maps, configMap("a")).status == 504)
        #expect(!reader.isFinished)
        reader.close()
    }

    @Test(arguments: [
        ("x", #"time: invalid duration "x""#), ("1", #"time: missing unit in duration "1""#),
        ("1q", #"time: unknown unit "q" in duration "1q""#),
    ])
    func `what is no duration is refused`(text: String, problem: String) async throws {
        let response = await (try TestServer()).send("GET", maps + "?timeout=\(text)")
        #expect(response.status == 400)
        #expect(try response.json["message"] == .string("invalid timeout specified in the request URL - \(problem)"))
    }
}
