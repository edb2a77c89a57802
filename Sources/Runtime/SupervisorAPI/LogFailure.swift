/// An event: a container's log cannot be written, or can again.
package struct LogFailure: MessageBody, Equatable {
    package var id: [UInt8]
    /// errno(3); 0 when writing works again.
    package var errorNumber: Int32
    /// Payload bytes of the container lost in this outage so far.
    package var droppedBytes: UInt64

    package init(id: [UInt8], errorNumber: Int32, droppedBytes: UInt64) {
        self.id = id
        self.errorNumber = errorNumber
        self.droppedBytes = droppedBytes
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        id = try reader.processID()
        errorNumber = try reader.int32()
        droppedBytes = try reader.uint64()
    }

    package func write(to writer: inout MessageWriter) {
        writer.put(id)
        writer.put(errorNumber)
        writer.put(droppedBytes)
    }
}
