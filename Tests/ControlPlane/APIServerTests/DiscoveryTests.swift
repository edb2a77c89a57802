import APIMachinery
import APIServer
import Testing

@Suite struct DiscoveryTests {
    static let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

    @Test func `the aggregated document comes once`() async throws {
        let test = try await TestServer(usesPlainRules: false)
        let first = await test.send("GET", "/apis", headers: ["Accept": "\(Self.aggregated),application/json"])
        #expect(first.headers["Content-Type"] == Self.aggregated)
        let etag = try #require(first.headers["ETag"])
        let again = await test.send("GET", "/apis", headers: ["Accept": "\(Self.aggregated),application/json", "If-None-Match": etag])
        #expect(again.status == 304)
        #expect(try first.json["kind"] == "APIGroupDiscoveryList")
        let old = try await test.json("GET", "/apis", headers: ["Accept": "application/json"])
        #expect(old["kind"] == "APIGroupList")
    }

    @Test(arguments: ["/healthz", "/livez", "/readyz", "/readyz/ping", "/livez/etcd"])
    func `health is told in a word`(path: String) async throws {
        let response = await (try TestServer()).send("GET", path)
        #expect(response.status == 200)
        #expect(response.text == "ok")
    }

    @Test func `the recorded groups and resources are served`() async throws {
        guard Recorded.directory != nil else { return }
        let recorded = try JSONValue(parsing: try Recorded.bytes("discovery.json"))
        let test = try await TestServer(usesPlainRules: false)
        var report: [String] = []
        for name in ["aggregated /api v2", "aggregated /apis v2"] {
            let path = name.contains("/apis") ? "/apis" : "/api"
            let got = try await test.json("GET", path, headers: ["Accept": Self.aggregated])
            let want = recorded[name]?[path: "response.body"]?["items"]?.arrayValue ?? []
            let groups = got["items"]?.arrayValue ?? []
            for group in want {
                let title = group[path: "metadata.name"]?.stringValue ?? "core"
                guard let own = groups.first(where: { $0["metadata"]?["name"] == group["metadata"]?["name"] }) else {
                    report.append("\(title): missing")
                    continue
                }
                report += Self.differences(title, group, own)
            }
        }
        Recorded.report("discovery.txt", report)
        print("discovery: \(report.count) differences")
    }

    /// Resources that are not served, or otherwise than recorded.
    private static func differences(_ title: String, _ want: JSONValue, _ got: JSONValue) -> [String] {
        (want["versions"]?.arrayValue ?? []).flatMap { version -> [String] in
            let name = "\(title)/\(version["version"]?.stringValue ?? "")"
            let own = (got["versions"]?.arrayValue ?? []).first { $0["version"] == version["version"] }
            return (version["resources"]?.arrayValue ?? []).flatMap { resource -> [String] in
                let plural = resource["resource"]?.stringValue ?? ""
                guard let served = (own?["resources"]?.arrayValue ?? []).first(where: { $0["resource"] == resource["resource"] }) else {
                    return ["\(name) \(plural): missing"]
                }
                return Difference.lines(want: resource, got: served, isWhole: true).map { "\(name) \(plural): \($0)" }
            }
        }
    }
}
