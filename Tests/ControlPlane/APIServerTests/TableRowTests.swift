import APIMachinery
import APIServer
import KubernetesAPI
import Testing

/// Rows that are put together from kept bytes say the same as those that are made from the object.
@Suite struct TableRowTests {
    static let pods = "/api/v1/namespaces/default/pods"

    static func pod(_ name: String, _ status: JSONValue) -> JSONValue {
        [
            "metadata": ["name": .string(name), "annotations": ["app": "a\"b{}"]],
            "spec": ["containers": [["name": "c", "image": "busybox:1"]], "readinessGates": [["conditionType": "x.y/z"]]], "status": status,
        ]
    }

    static func server(_ clock: ManualNow) async throws -> TestServer {
        let test = try await TestServer(usesPlainRules: false) { $0.now = { clock.time } }
        let end = (clock.time + .seconds(-90)).description
        let container: JSONValue = [
            "name": "c", "image": "i", "imageID": "", "ready": true, "restartCount": 3,
            "state": ["running": ["startedAt": "2024-01-01T00:00:00Z"]],
            "lastState": ["terminated": ["exitCode": 1, "finishedAt": .string(end)]],
        ]
        let statuses: [(String, JSONValue)] = [
            ("plain", ["phase": "Pending"]), ("done", ["phase": "Succeeded"]),
            ("restarted", ["phase": "Running", "containerStatuses": [container]]),
        ]
        for (name, status) in statuses {
            try await test.create(pods, pod(name, [:]))
            _ = await test.send(
                "PATCH", "\(pods)/\(name)/status", ["status": status], headers: ["Content-Type": "application/merge-patch+json"])
        }
        return test
    }

    @Test(arguments: ["", "&includeObject=None", "&includeObject=Object", "&includeObject=Metadata"])
    func `a list's rows are those of the objects alone`(query: String) async throws {
        let clock = ManualNow()
        let test = try await Self.server(clock)
        // Over these times the ages change their form; the kept rows must follow.
        for seconds in [0, 5, 100, 800, 20_000, 900_000] as [Int64] {
            clock.advance(seconds)
            let accept: HTTPHeaders = ["Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"]
            let list = try await test.json("GET", "\(Self.pods)?limit=500\(query)", headers: accept)
            #expect(list["rows"]?.arrayValue?.count == 3)
            for row in list["rows"]?.arrayValue ?? [] {
                let name = row["cells"]?[0]?.stringValue ?? ""
                let alone = try await test.json("GET", "\(Self.pods)/\(name)?a=b\(query)", headers: accept)
                #expect(row["cells"] == alone["rows"]?[0]?["cells"], "\(seconds) s")
                #expect(row["conditions"] == alone["rows"]?[0]?["conditions"])
                #expect(Self.sorted(row["object"]) == Self.sorted(alone["rows"]?[0]?["object"]))
            }
            #expect(list["columnDefinitions"]?.arrayValue?.count == 9)
        }
    }

    @Test func `metadata lists come from bytes`() async throws {
        let test = try await Self.server(ManualNow())
        let accept: HTTPHeaders = ["Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"]
        let list = try await test.json("GET", Self.pods, headers: accept)
        #expect(list["kind"] == "PartialObjectMetadataList")
        for item in list["items"]?.arrayValue ?? [] {
            let object = try await test.json("GET", "\(Self.pods)/\(item[path: "metadata.name"]?.stringValue ?? "")")
            #expect(Self.sorted(item["metadata"]) == Self.sorted(object["metadata"]))
            #expect(item["kind"] == "PartialObjectMetadata" && item["spec"] == nil && item["status"] == nil)
        }
    }

    /// Members in the order of their names: a resourceVersion may stand first or where it was put.
    static func sorted(_ value: JSONValue?) -> JSONValue? {
        guard case .object(let object)? = value else { return value }
        return .object(
            JSONObject(members: object.members.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: sorted($0.value) ?? .null) }))
    }
}
