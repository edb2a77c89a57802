import APIMachinery
import Glibc

/// Answers recorded from the real server: not part of the project, so its tests run only where a directory of them is named.
enum Recorded {
    static let directory = environment("SWIFTLET_RECORDED")
    /// Where differences are written, if anywhere.
    static let reportDirectory = environment("SWIFTLET_REPLAY_REPORT")

    private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    static func lines(_ file: String) throws -> [JSONValue] {
        try bytes(file).split(separator: 0x0a).map { try JSONValue(parsing: Array($0)) }
    }

    static func bytes(_ file: String) throws -> [UInt8] {
        let path = "\(directory ?? "")/\(file)"
        guard let handle = fopen(path, "r") else { throw ReadingError(path: path, errno: errno) }
        defer { fclose(handle) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, handle)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }

    static func report(_ name: String, _ lines: [String]) {
        guard let reportDirectory, let handle = fopen("\(reportDirectory)/\(name)", "w") else { return }
        defer { fclose(handle) }
        for line in lines { fputs(line + "\n", handle) }
    }

    struct ReadingError: Error {
        var path: String
        var errno: Int32
    }
}
