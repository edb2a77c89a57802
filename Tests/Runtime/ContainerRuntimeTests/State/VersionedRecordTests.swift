import APIMachinery
import CRI
import Testing

@testable import ContainerRuntime

struct VersionedRecordTests {
    private static var container: ContainerRecord {
        ContainerRecord(
            id: "c1", sandboxID: "s1",
            config: ContainerConfig(metadata: ContainerMetadata(name: "main"), image: ImageSpec(image: "busybox")),
            image: ImageFacts(
                id: "sha256:0", reference: "busybox", config: ContainerSpecResolver.Image(),
                user: UserFacts(uid: 0, gid: 0, additionalGroups: [], home: "/"),
                root: RootFileSystem(lowerDirectories: ["/l"], upperDirectory: "/u", workDirectory: "/w")), createdAt: 5)
    }

    private static var sandbox: SandboxRecord {
        SandboxRecord(
            id: "s1", config: PodSandboxConfig(metadata: PodSandboxMetadata(name: "pod", uid: "u", namespace: "default")), createdAt: 5,
            cgroupPath: "/c")
    }

    /// The members of a record with its version taken back, as an older program would have written it.
    private func older<Record: VersionedRecord>(_ record: Record, _ change: (inout JSONObject) -> Void) throws -> [UInt8] {
        var object = try #require(try JSONValue(parsing: try StateEncoder().encode(record)).objectValue)
        change(&object)
        return JSONValue.object(object).serialized(.compact)
    }

    @Test func `a record of the first version is read`() throws {
        let bytes = try older(Self.container) { object in
            object["version"] = 1
            var image = object["image"]?.objectValue ?? JSONObject()
            image["mounted"] = nil
            object["image"] = .object(image)
        }
        #expect(try StateDecoder().decode(record: ContainerRecord.self, from: bytes) == Self.container)
    }

    @Test(arguments: [0, 3, 1000])
    func `another version is refused by name`(version: Int64) throws {
        let bytes = try older(Self.container) { $0["version"] = .integer(version) }
        let error = #expect(throws: RecordVersionError.self) { try StateDecoder().decode(record: ContainerRecord.self, from: bytes) }
        #expect("\(try #require(error))" == "container record has version \(version), this program knows 1 to 2")
    }

    @Test func `a record comes back as it was written`() throws {
        #expect(try StateDecoder().decode(record: ContainerRecord.self, from: StateEncoder().encode(Self.container)) == Self.container)
        #expect(try StateDecoder().decode(record: SandboxRecord.self, from: StateEncoder().encode(Self.sandbox)) == Self.sandbox)
    }

    /// Whoever changes the members of a record must raise its version: then also these numbers.
    @Test func `the members of a version stay what they are`() throws {
        #expect(ContainerRecord.newestVersion == 2 && SandboxRecord.newestVersion == 1)
        let shapes = [try shape(Self.container), try shape(Self.sandbox)]
        #expect(shapes == [4_003_664_093, 3_260_904_082])
    }

    /// FNV-1a of the paths of all members.
    private func shape(_ record: some Encodable) throws -> UInt32 {
        paths(try JSONValue(parsing: try StateEncoder().encode(record))).sorted().joined(separator: " ").utf8
            .reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
    }

    private func paths(_ value: JSONValue, _ path: String = "") -> [String] {
        guard let object = value.objectValue else { return [path] }
        return [path] + object.members.flatMap { paths($0.value, "\(path).\($0.key)") }
    }
}
