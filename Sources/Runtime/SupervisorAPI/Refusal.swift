/// The answer to a request that was not carried out.
package struct Refusal: MessageBody, Error, Equatable {
    package enum Kind: UInt8, Sendable {
        case invalid = 1, unsupported, notFound, exists, busy, failed
        /// The process did not come up: `step` and `operation` say where in its plan.
        case spawn
        case deadlineExceeded
    }

    package var kind: Kind
    /// errno(3), 0 when no system call failed.
    package var errorNumber: Int32
    /// `enum clinux_step`, 0 for other refusals.
    package var step: Int32
    /// The index of the plan's operation, -1 before the first.
    package var operation: Int32
    /// What was tried, on what, with which value.
    package var detail: [UInt8]

    package init(_ kind: Kind, errorNumber: Int32 = 0, step: Int32 = 0, operation: Int32 = -1, detail: [UInt8]) {
        self.kind = kind
        self.errorNumber = errorNumber
        self.step = step
        self.operation = operation
        self.detail = detail
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        // A newer supervisor may know more kinds; to this client they are failures.
        kind = Kind(rawValue: try reader.uint8()) ?? .failed
        errorNumber = try reader.int32()
        step = try reader.int32()
        operation = try reader.int32()
        detail = try reader.byteString(limit: 4096)
    }

    package func write(to writer: inout MessageWriter) {
        writer.put(kind.rawValue)
        writer.put(errorNumber)
        writer.put(step)
        writer.put(operation)
        writer.put(detail.count <= 4096 ? detail : [UInt8](detail[..<4096]))
    }
}
