internal import APIMachinery
internal import KubernetesAPI

/// Kubernetes protobuf in requests and answers.
enum ProtobufCoding {
    static func decode(_ bytes: [UInt8]) throws(RequestBody.BodyError) -> JSONObject {
        do throws(ProtobufError) {
            return try ProtobufTranscoder.json(from: bytes)
        } catch {
            switch error.reason {
            case .noEnvelope:
                throw RequestBody.BodyError(
                    text: "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
            case .truncated: throw RequestBody.BodyError(text: "unexpected EOF")
            default: throw RequestBody.BodyError(text: error.description)
            }
        }
    }

    static func encode(_ object: JSONObject) throws(Status) -> [UInt8] {
        guard let bytes = ProtobufTranscoder.protobuf(from: object) else { throw notEncodable }
        return bytes
    }

    /// Of custom resources and Tables.
    private static let notEncodable = Status(
        code: 406, reason: .notAcceptable, message: "only the following media types are accepted: application/json, application/yaml")

    static func list(_ objects: [JSONObject], kind: GroupVersionKind, metadata: JSONObject) throws(Status) -> [UInt8] {
        guard var writer = ProtobufListWriter(itemKind: kind, metadata: metadata) else { throw notEncodable }
        for object in objects { writer.append(object) }
        return writer.finish()
    }

    static func watchFrame(_ type: WatchEventType, _ object: JSONObject) -> [UInt8] {
        ProtobufTranscoder.watchFrame(type: type.rawValue, object: ProtobufTranscoder.protobuf(from: object) ?? [])
    }
}
