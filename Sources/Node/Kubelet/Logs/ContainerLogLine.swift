/// One line of a container's log file: `<RFC3339Nano> <stdout|stderr> <P|F>[:tag…] <content>`, as the CRI defines it.
package struct ContainerLogLine: Sendable, Hashable {
    package enum Stream: String, Sendable, Hashable { case stdout, stderr }

    /// RFC 3339 with nanoseconds, as it stands in the file; compares in time order because the runtime writes UTC.
    package var timestamp: String
    package var stream: Stream
    /// A piece of a longer line: the next piece of the same stream goes on with it.
    package var isPartial: Bool
    /// Without the line's end.
    package var content: [UInt8]

    package init(timestamp: String, stream: Stream, isPartial: Bool, content: [UInt8]) {
        self.timestamp = timestamp
        self.stream = stream
        self.isPartial = isPartial
        self.content = content
    }

    /// Reads a line without its line feed; nil when it is not of that form.
    package init?(parsing line: ArraySlice<UInt8>) {
        var rest = line
        guard let time = Self.cutField(&rest), let streamName = Self.cutField(&rest), let tags = Self.cutField(&rest),
            let stream = Stream(rawValue: String(decoding: streamName, as: UTF8.self)), let tag = tags.first
        else { return nil }
        self.init(
            timestamp: String(decoding: time, as: UTF8.self), stream: stream, isPartial: tag == UInt8(ascii: "P"),
            content: Array(rest))
    }

    private static func cutField(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let space = rest.firstIndex(of: UInt8(ascii: " ")) else { return nil }
        defer { rest = rest[(space + 1)...] }
        return rest[..<space]
    }
}
