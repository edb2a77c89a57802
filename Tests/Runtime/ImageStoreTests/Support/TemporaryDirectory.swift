import Glibc
import LinuxSystem
import Testing

@testable import ImageStore

/// A directory of this test alone, removed with everything in it at the end.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/imagestore-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { preconditionFailure("mkdtemp: \(Errno.current)") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { try? Directory(path: "/tmp").removeTree(RawPath(path.dropFirst("/tmp/".count))) }

    func path(_ name: String) -> String { "\(path)/\(name)" }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let parts = name.split(separator: "/")
        var directory = try Directory(path: path)
        for part in parts.dropLast() { directory = try directory.makeOrOpenDirectory(RawPath(part)) }
        let file = try directory.open(RawPath(parts[parts.count - 1]), flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        try file.write(bytes)
        return path(name)
    }

    func write(_ name: String, _ text: String) throws { _ = try write(name, Array(text.utf8)) }

    func read(_ name: String) throws -> [UInt8] { try contents(path(name)) }

    /// Names in a directory below, sorted; none when it is not there.
    func names(_ name: String) -> [String] {
        ((try? Directory(path: path(name)).names()) ?? []).map(\.description).sorted()
    }
}

func contents(_ path: String) throws -> [UInt8] { try openFile(path).readAll(limit: 1 << 30) ?? [] }

func text(_ path: String) throws -> String { String(decoding: try contents(path), as: UTF8.self) }

func status(_ path: String) throws -> FileStatus {
    var status = stat()
    guard lstat(path, &status) == 0 else { throw SystemError("lstat \(path)", .current) }
    return FileStatus(status)
}

/// An extended attribute of the file itself, nil when it has none of that name.
func attribute(_ name: String, of path: String) -> [UInt8]? {
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    guard let directory = try? Directory(path: String(path[..<slash])) else { return nil }
    let file = RawPath(path[path.index(after: slash)...])
    return (try? directory.extendedAttributes(of: file))?.first { $0.name == name }?.value
}

/// Runs a shell command.
@discardableResult
func shell(_ command: String) -> (status: Int32, output: String) {
    guard let pipe = popen("(\(command)) 2>&1", "r") else { return (-1, "popen: \(Errno.current)") }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = fread(&buffer, 1, buffer.count, pipe)
        if count == 0 { break }
        output += buffer[..<count]
    }
    let status = pclose(pipe)
    return (status == -1 ? -1 : (status >> 8) & 0xff, String(decoding: output, as: UTF8.self))
}

/// What an error of this code says; the test fails when there is none or one of another code.
func refusal<Result>(
    _ code: ImageError.Code = .refused, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Result
) -> String {
    do {
        _ = try body()
        Issue.record("no error", sourceLocation: sourceLocation)
        return ""
    } catch let error as ImageError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        return error.description
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
        return ""
    }
}

let isRoot = geteuid() == 0
