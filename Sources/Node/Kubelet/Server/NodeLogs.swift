internal import APIMachinery
internal import Glibc

/// Files of the node's log directory for `/logs/`: a directory as a page of links, a file as it is. Links are not followed.
struct NodeLogs: Sendable {
    let root: String

    private static let fileBytesMax = 64 << 20

    func answer(_ path: String, _ node: NodeServices) async throws(KubeletRefusal) -> APIResponse {
        let parts = path.split(separator: "/")
        guard !parts.contains(".."), !path.utf8.contains(0) else { throw KubeletRefusal(400, "invalid URL path") }
        guard let response = await node.blocking({ answer(parts) }) else { throw KubeletRefusal(404, "404 page not found") }
        return response
    }

    private func answer(_ parts: [Substring]) -> APIResponse? {
        var descriptor = unsafe open(root, O_RDONLY | O_CLOEXEC)
        for part in parts where descriptor >= 0 {
            let next = unsafe openat(descriptor, String(part), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            close(descriptor)
            descriptor = next
        }
        guard descriptor >= 0 else { return nil }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            close(descriptor)
            return nil
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return directory(descriptor)
        case S_IFREG:
            defer { close(descriptor) }
            return APIResponse(status: 200, headers: ["Content-Type": "text/plain; charset=utf-8"], body: .bytes(content(descriptor)))
        default:
            close(descriptor)
            return nil
        }
    }

    private func directory(_ descriptor: CInt) -> APIResponse? {
        guard let stream = unsafe fdopendir(descriptor) else {
            close(descriptor)
            return nil
        }
        defer { unsafe closedir(stream) }
        var lines: [String] = []
        while let entry = unsafe readdir(stream) {
            var name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            if unsafe entry.pointee.d_type == UInt8(DT_DIR) { name += "/" }
            let target = name.split(separator: "/", omittingEmptySubsequences: false).map { PercentEncoding.encoded(String($0)) }.joined(
                separator: "/")
            lines.append("<a href=\"\(target)\">\(Self.escaped(name))</a>\n")
        }
        return .plainText("<pre>\n" + lines.sorted().joined() + "</pre>\n", type: "text/html; charset=utf-8")
    }

    private func content(_ descriptor: CInt) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 256 << 10)
        while bytes.count < Self.fileBytesMax {
            let count = unsafe read(descriptor, &chunk, chunk.count)
            if count <= 0 { break }
            bytes += chunk[..<count]
        }
        return bytes
    }

    private static func escaped(_ text: String) -> String {
        text.map { character in
            switch character {
            case "<": "&lt;"
            case ">": "&gt;"
            case "&": "&amp;"
            case "\"": "&#34;"
            default: String(character)
            }
        }.joined()
    }
}

enum ProcessorCount {
    static var online: Int { max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN))) }
}
