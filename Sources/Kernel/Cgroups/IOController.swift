/// What a cgroup may do to one block device; `nil` is no limit.
package struct IOLimit: Sendable, Hashable {
    package var major: UInt32
    package var minor: UInt32
    package var readBytesPerSecond: CgroupLimit?
    package var writeBytesPerSecond: CgroupLimit?
    package var readOperationsPerSecond: CgroupLimit?
    package var writeOperationsPerSecond: CgroupLimit?

    package init(
        major: UInt32, minor: UInt32, readBytesPerSecond: CgroupLimit? = nil, writeBytesPerSecond: CgroupLimit? = nil,
        readOperationsPerSecond: CgroupLimit? = nil, writeOperationsPerSecond: CgroupLimit? = nil
    ) {
        self.major = major
        self.minor = minor
        self.readBytesPerSecond = readBytesPerSecond
        self.writeBytesPerSecond = writeBytesPerSecond
        self.readOperationsPerSecond = readOperationsPerSecond
        self.writeOperationsPerSecond = writeOperationsPerSecond
    }
}

/// The io controller: `io.max`, one line per device (a whole disk; the kernel refuses partitions).
package enum IOController {
    static func appendWrites(for resources: CgroupResources, to writes: inout [CgroupWrite]) {
        for limit in resources.io {
            let keys: [(String, CgroupLimit?)] = [
                ("rbps", limit.readBytesPerSecond), ("wbps", limit.writeBytesPerSecond),
                ("riops", limit.readOperationsPerSecond), ("wiops", limit.writeOperationsPerSecond),
            ]
            let settings = keys.compactMap { key, value in value.map { " \(key)=\($0)" } }
            guard !settings.isEmpty else { continue }
            writes.append(CgroupWrite("io.max", "\(limit.major):\(limit.minor)" + settings.joined()))
        }
    }
}

/// One device's line of `io.stat`.
package struct IOStatistics: Sendable, Hashable {
    package var major: UInt32
    package var minor: UInt32
    package var readBytes: UInt64
    package var writtenBytes: UInt64
    package var readOperations: UInt64
    package var writeOperations: UInt64

    /// Reads `8:0 rbytes=90112 wbytes=0 rios=3 wios=0 dbytes=0 dios=0`, line by line. Lines with no numbers, which
    /// the kernel prints for devices that are about to have some, are left out.
    package static func parse(_ text: String) -> [IOStatistics] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count > 1, let device = words.first?.split(separator: ":"), device.count == 2,
                let major = UInt32(device[0]), let minor = UInt32(device[1])
            else { return nil }
            func value(_ key: String) -> UInt64 {
                words.first { $0.hasPrefix(key) }.flatMap { UInt64($0.dropFirst(key.count)) } ?? 0
            }
            return IOStatistics(
                major: major, minor: minor, readBytes: value("rbytes="), writtenBytes: value("wbytes="),
                readOperations: value("rios="), writeOperations: value("wios="))
        }
    }
}
