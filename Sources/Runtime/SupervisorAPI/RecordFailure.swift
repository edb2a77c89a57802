/// An event: the end of a process cannot be written to disk, or now is. It goes before the `processExited` that is told unwritten.
package struct RecordFailure: MessageBody, Equatable {
    package var id: [UInt8]
    /// errno(3); 0 when the record has reached the disk after all.
    package var errorNumber: Int32

    package init(id: [UInt8], errorNumber: Int32) {
        self.id = id
        self.errorNumber = errorNumber
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        id = try reader.processID()
        errorNumber = try reader.int32()
    }

    package func write(to writer: inout MessageWriter) {
        writer.put(id)
        writer.put(errorNumber)
    }
}
