import APIMachinery
import Glibc

@testable import KubernetesAPI

/// A file of recorded requests and answers of the real server, one to a line. Where the files are, the environment says.
struct RecordedFile {
    struct Exchange {
        let name: String
        let method: String
        let path: String
        let contentType: String
        let body: JSONValue?
        let text: String?
        let code: Int
        let answer: JSONValue?
        let warnings: [String]
    }

    let exchanges: [Exchange]

    static var directory: String? {
        getenv("SWIFTLET_RECORDED").map { String(cString: $0) }
    }

    /// Whether the recorded files are given; without them the replays say so and pass.
    static var isGiven: Bool {
        if directory == nil { print("replays skipped: SWIFTLET_RECORDED does not name the directory of recorded answers") }
        return directory != nil
    }

    init(_ name: String) throws {
        let bytes = try Self.read("\(Self.directory ?? ".")/\(name)")
        exchanges = try bytes.split(separator: UInt8(ascii: "\n")).map { line in
            // Bodies with duplicate members are in there on purpose.
            var options = JSONReadingOptions()
            options.maxDepth = 2_000
            options.duplicateKeys = .lastWins
            return Exchange(try JSONValue(parsing: Array(line), options: options))
        }
    }

    private static func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw ReplayError(description: "cannot open \(path)") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }
}

struct ReplayError: Error, CustomStringConvertible {
    let description: String
}

extension RecordedFile.Exchange {
    init(_ line: JSONValue) {
        let (request, response) = (line["request"], line["response"])
        name = line["name"]?.stringValue ?? ""
        method = request?["method"]?.stringValue ?? ""
        path = request?["path"]?.stringValue ?? ""
        contentType = request?["headers"]?["Content-Type"]?.stringValue ?? "application/json"
        body = request?["body"]
        text = request?["text"]?.stringValue
        code = Int(response?["code"]?.integerValue ?? 0)
        answer = response?["body"]
        warnings = (response?["headers"]?["Warning"]?.arrayValue ?? []).compactMap(\.stringValue)
    }
}

/// Counts what came out equal, and keeps what did not.
struct ReplayScore {
    private(set) var equal = 0
    private(set) var total = 0
    private var byKind: [String: (equal: Int, total: Int)] = [:]
    private(set) var differences: [String] = []

    mutating func count(_ kind: String, isEqual: Bool, _ difference: () -> String) {
        total += 1
        byKind[kind, default: (0, 0)].total += 1
        if isEqual {
            equal += 1
            byKind[kind, default: (0, 0)].equal += 1
        } else {
            differences.append(difference())
        }
    }

    func print(_ title: String) {
        Swift.print("\(title): \(equal) of \(total) equal")
        for (kind, count) in byKind.sorted(by: { $0.key < $1.key }) where count.equal < count.total {
            Swift.print("  \(kind): \(count.equal) of \(count.total)")
        }
        for difference in differences { Swift.print("  ≠ \(difference)") }
    }
}
