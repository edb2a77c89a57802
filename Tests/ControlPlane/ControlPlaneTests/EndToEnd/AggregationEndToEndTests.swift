import APIMachinery
@testable import ControlPlane
import TestSupport
import Testing

/// A real extension API server over HTTPS, behind the aggregator.
@Suite(.serialized) struct AggregationEndToEndTests {
    private static let services = "/apis/apiregistration.k8s.io/v1/apiservices"
    private static let name = "v1alpha1.wardle.example.com"
    private static let flunders = "/apis/wardle.example.com/v1alpha1/namespaces/default/flunders"

    private func register(_ server: BackgroundProgram, authority: String, in cluster: LiveCluster) async throws {
        try await cluster.create(
            "/api/v1/namespaces/default/services",
            ["metadata": ["name": "sample-api"], "spec": ["type": "ExternalName", "externalName": "localhost"]])
        try await cluster.create(
            Self.services,
            [
                "metadata": ["name": .string(Self.name)],
                "spec": [
                    "group": "wardle.example.com", "version": "v1alpha1", "groupPriorityMinimum": 2000, "versionPriority": 200,
                    "caBundle": .string(Base64Data(Array(authority.utf8)).base64),
                    "service": [
                        "namespace": "default", "name": "sample-api", "port": .integer(Int64(server.firstLine) ?? 0),
                    ],
                ],
            ])
    }

    private func condition(_ cluster: LiveCluster) async throws -> JSONValue? {
        let object = try? JSONValue(parsing: try await cluster.curl("", "\(Self.services)/\(Self.name)"))
        return object?["status"]?["conditions"]?.arrayValue?.first { $0["type"] == "Available" }
    }

    @Test func `its requests reach it over TLS in the name of who sends them`() async throws {
        try await LiveCluster.run { cluster in
            let authority = try TestAuthority()
            try authority.issue("sample", names: ["sample-api.default.svc"], addresses: [], in: cluster.folder)
            let sample = try await cluster.startPython("sample", extensionServerProgram, "sample.pem pki/front-proxy-ca.crt")
            try await register(sample, authority: try authority.certificate, in: cluster)
            #expect(try await eventually { try await condition(cluster)?["reason"] == "Passed" })
            let list = try JSONValue(parsing: try await cluster.curl("", Self.flunders))
            #expect(list["metadata"]?["user"] == "kubernetes-admin")
            #expect(list["metadata"]?["client"] == "front-proxy-client")
            #expect(list["metadata"]?["groups"]?.arrayValue?.contains("system:masters") == true)
            let made = try await cluster.create(Self.flunders, ["metadata": ["name": "a"], "spec": ["reference": "b"]])
            #expect(made["spec"] == ["reference": "b"])
            let events = try await cluster.curl("", Self.flunders + "?watch=1").split(separator: "\n")
            #expect(events.count == 2)
            let discovery = try JSONValue(parsing: try await cluster.curl("", "/apis/wardle.example.com/v1alpha1"))
            #expect(discovery["resources"]?[0]?["name"] == "flunders")
            await sample.stop()
            let down = try await cluster.curl("-w '%{http_code}'", Self.flunders)
            #expect(down.hasPrefix("error trying to reach service: dial tcp") || down.hasPrefix("service unavailable"), "\(down)")
            #expect(down.hasSuffix("503"))
            _ = try await cluster.curl("-X DELETE", "\(Self.services)/\(Self.name)")
            #expect(try await cluster.curl("-o /dev/null -w '%{http_code}'", Self.flunders) == "404")
        }
    }

    @Test func `a server that is not who it is said to be is not spoken to`() async throws {
        try await LiveCluster.run { cluster in
            let authority = try TestAuthority()
            try authority.issue("sample", names: ["other.default.svc"], addresses: [], in: cluster.folder)
            let sample = try await cluster.startPython("sample", extensionServerProgram, "sample.pem pki/front-proxy-ca.crt")
            try await register(sample, authority: try authority.certificate, in: cluster)
            // As upstream: only whether somebody answers is checked beforehand.
            #expect(try await eventually { try await condition(cluster)?["reason"] == "Passed" })
            let answer = try await cluster.curl("-w '%{http_code}'", Self.flunders)
            #expect(answer.contains("x509: certificate is not valid for sample-api.default.svc"), "\(answer)")
            #expect(answer.hasSuffix("503"))
            await sample.stop()
        }
    }
}
