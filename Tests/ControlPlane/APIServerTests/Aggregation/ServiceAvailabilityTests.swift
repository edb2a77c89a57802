import APIMachinery
@testable import APIServer
import Testing

@Suite struct ServiceAvailabilityTests {
    private static let wanted = AggregatedService([
        "metadata": ["name": "v1.flunders.example.com"],
        "spec": ["group": "flunders.example.com", "version": "v1", "service": ["namespace": "ns", "name": "api", "port": 7443]],
    ])

    private static func service(_ more: JSONObject = JSONObject()) -> JSONObject {
        var spec: JSONObject = ["type": "ClusterIP", "ports": [["name": "https", "port": 7443, "targetPort": 443]]]
        for member in more.members { spec[member.key] = member.value }
        return ["metadata": ["name": "api", "namespace": "ns"], "spec": .object(spec)]
    }

    private static func slice(port: String = "https", ready: JSONValue? = nil) -> JSONObject {
        var endpoint: JSONValue = ["addresses": ["10.0.0.1"]]
        if let ready { endpoint["conditions"] = ["ready": ready] }
        return ["endpoints": [endpoint], "ports": [["name": .string(port), "port": 443]]]
    }

    static let cases: [(JSONObject?, [JSONObject], String?, String)] = [
        (nil, [], "ServiceNotFound", "service/api in \"ns\" is not present"),
        (
            service(["ports": [["port": 80]]]), [slice()], "ServicePortError",
            "service/api in \"ns\" is not listening on port 7443"
        ),
        (service(), [], "EndpointsNotFound", "cannot find endpointslices for service/api in \"ns\""),
        (
            service(), [slice(ready: false)], "MissingEndpoints",
            "endpointslices for service/api in \"ns\" have no addresses with port name \"https\""
        ),
        (
            service(), [slice(port: "other")], "MissingEndpoints",
            "endpointslices for service/api in \"ns\" have no addresses with port name \"https\""
        ),
        (service(), [slice(ready: false), slice(ready: true)], nil, ""),
        (service(), [slice()], nil, ""),
        // Where it is no matter of this cluster, only asking tells.
        (service(["type": "ExternalName"]), [], nil, ""),
    ]

    @Test(arguments: cases)
    func `the objects say why an API is not available`(
        service: JSONObject?, slices: [JSONObject], reason: String?, message: String
    ) throws {
        let problem = ServiceAvailability.problem(of: try #require(Self.wanted), service: service, slices: slices)
        #expect(problem?.reason == reason)
        #expect(problem?.message ?? "" == message)
        #expect(problem?.isAvailable != true)
    }

    @Test func `a condition keeps its time until its status changes, and others stay`() throws {
        let (first, later) = (try #require(Timestamp("2026-01-01T00:00:00Z")), try #require(Timestamp("2026-01-02T00:00:00Z")))
        let failed = ServiceAvailability.failedDiscovery("refused")
        var status = failed.status(in: ["conditions": [["type": "Mine", "status": "True"]]], now: first)
        #expect(status["conditions"]?[1]?["lastTransitionTime"] == "2026-01-01T00:00:00Z")
        status = ServiceAvailability.failedDiscovery("timeout").status(in: status, now: later)
        #expect(status["conditions"]?[1]?["lastTransitionTime"] == "2026-01-01T00:00:00Z")
        #expect(status["conditions"]?[1]?["message"] == "timeout")
        status = ServiceAvailability.passed.status(in: status, now: later)
        #expect(status["conditions"]?[1]?["lastTransitionTime"] == "2026-01-02T00:00:00Z")
        #expect(status["conditions"]?[0] == ["type": "Mine", "status": "True"])
        #expect(status["conditions"]?.arrayValue?.count == 2)
    }

    @Test(arguments: [
        (0, Duration.seconds(30)), (1, .milliseconds(5)), (2, .milliseconds(10)), (12, .milliseconds(10240)), (40, .seconds(30)),
    ])
    func `failing, it is looked at again ever later`(failures: Int, delay: Duration) {
        #expect(AvailabilityLoop.delay(afterFailures: failures) == delay)
    }
}
