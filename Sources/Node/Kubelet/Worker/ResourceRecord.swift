internal import APIMachinery
internal import KubernetesAPI

/// What of changed resources the node has granted, and what running containers have been given. Kept on disk: neither the pod's spec,
/// which says what is wished, nor the runtime, which says how a container began, knows it.
struct ResourceRecord: Sendable, Hashable {
    /// By container.
    var granted: [String: ResourceRequirements] = [:]
    /// By container id.
    var given: [String: ResourceRequirements] = [:]

    private static let maxBytes = 1 << 20

    var json: JSONValue {
        func object(_ values: [String: ResourceRequirements]) -> JSONValue {
            var object = JSONObject()
            for (key, value) in values.sorted(by: { $0.key < $1.key }) { object.append(key, value.json) }
            return .object(object)
        }
        return ["granted": object(granted), "given": object(given)]
    }

    init() {}

    /// What makes no sense is not known.
    init(_ json: JSONValue) {
        func resources(_ key: String) -> [String: ResourceRequirements] {
            var result: [String: ResourceRequirements] = [:]
            for member in json[key]?.objectValue?.members ?? [] {
                var decoder = ObjectDecoder(options: .lenient)
                result[member.key] = ResourceRequirements.decode(member.value, &decoder)
            }
            return result
        }
        granted = resources("granted")
        given = resources("given")
    }

    /// Blocks. Empty when there is none.
    static func load(_ path: String) -> ResourceRecord {
        guard let bytes = try? PodFiles.read(path, maxBytes: maxBytes), let json = try? JSONValue(parsing: bytes) else {
            return ResourceRecord()
        }
        return ResourceRecord(json)
    }

    /// Blocks.
    func save(_ path: String) throws(FileError) { try PodFiles.replace(path, json.serialized(.compact), mode: 0o600) }
}
