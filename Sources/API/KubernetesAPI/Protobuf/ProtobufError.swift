/// Bytes that are no object in Kubernetes' protobuf encoding.
package struct ProtobufError: Error, Hashable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        case noEnvelope
        case truncated
        case malformedVarint
        case invalidTag
        case wrongWireType
        case invalidText
        case tooDeep
        case invalidJSON(String)
        case encoded(String)
        case contentType(String)
        /// `apiVersion Kind`.
        case unknownKind(String)
    }

    package let reason: Reason
    /// Where in the bytes.
    package let offset: Int

    package var description: String { "protobuf: at byte \(offset): \(text)" }

    private var text: String {
        switch reason {
        case .noEnvelope: "the body must begin with \"k8s\\0\""
        case .truncated: "a field is longer than what is left"
        case .malformedVarint: "a number is longer than 64 bits"
        case .invalidTag: "a field has no valid number or type"
        case .wrongWireType: "a field has another type than its number stands for"
        case .invalidText: "a text is not UTF-8"
        case .tooDeep: "messages are nested too deep"
        case .invalidJSON(let why): "the JSON in it cannot be read: \(why)"
        case .encoded(let encoding): "the content encoding \(encoding) is not supported"
        case .contentType(let type): "the content type \(type) is not supported"
        case .unknownKind(let kind): "the kind \(kind) has no protobuf encoding"
        }
    }
}
