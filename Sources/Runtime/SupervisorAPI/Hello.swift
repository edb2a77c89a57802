/// The first request on a connection: which versions the client speaks.
package struct HelloRequest: MessageBody, Equatable {
    package var minimumVersion, maximumVersion: UInt16

    package init(minimumVersion: UInt16 = SupervisorVersion.oldest, maximumVersion: UInt16 = SupervisorVersion.newest) {
        self.minimumVersion = minimumVersion
        self.maximumVersion = maximumVersion
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        minimumVersion = try reader.uint16()
        maximumVersion = try reader.uint16()
    }

    package func write(to writer: inout MessageWriter) {
        writer.put(minimumVersion)
        writer.put(maximumVersion)
    }
}

package struct HelloReply: MessageBody, Equatable {
    /// Both sides use this version from now on.
    package var version: UInt16
    package var pid: Int32
    /// CLOCK_REALTIME, nanoseconds since 1970.
    package var startedAtNanoseconds: Int64
    /// The value in force, which may be above the one asked for when the kernel did not allow to lower it.
    package var oomScoreAdjust: Int32
    /// The last component of the supervisor's directory.
    package var sandboxID: [UInt8]

    package init(version: UInt16, pid: Int32, startedAtNanoseconds: Int64, oomScoreAdjust: Int32, sandboxID: [UInt8]) {
        self.version = version
        self.pid = pid
        self.startedAtNanoseconds = startedAtNanoseconds
        self.oomScoreAdjust = oomScoreAdjust
        self.sandboxID = sandboxID
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        version = try reader.uint16()
        pid = try reader.int32()
        startedAtNanoseconds = try reader.int64()
        oomScoreAdjust = try reader.int32()
        sandboxID = try reader.byteString(limit: 255)
    }

    package func write(to writer: inout MessageWriter) {
        writer.put(version)
        writer.put(pid)
        writer.put(startedAtNanoseconds)
        writer.put(oomScoreAdjust)
        writer.put(sandboxID)
    }
}
