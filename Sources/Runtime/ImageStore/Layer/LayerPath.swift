/// Where a layer's entry goes, judged from its name alone.
enum LayerPath: Equatable {
    /// The layer's own root directory.
    case root
    case entry(parents: [RawPath], name: RawPath)
    /// `.wh.NAME`: the name is hidden in the layers below.
    case whiteout(parents: [RawPath], name: RawPath)
    /// `.wh..wh..opq`: everything the layers below have in this directory is hidden.
    case opaque(directory: [RawPath])
    /// AUFS's own files, `.wh..wh.plnk` and the like, which mean nothing here.
    case ignored

    /// OCI image-spec, layer.md, "Whiteouts" and "Opaque Whiteout".
    ///
    /// - Throws: `.refused` for a path that is absolute, has `..` or is too long.
    init(_ path: RawPath) throws(ImageError) {
        var components = try Self.components(of: path)
        guard let last = components.popLast() else {
            self = .root
            return
        }
        let prefix = Array(".wh.".utf8)
        let metadata = Array(".wh..wh.".utf8)
        if last == ".wh..wh..opq" {
            self = .opaque(directory: components)
        } else if components.contains(where: { $0.bytes.starts(with: metadata) }) || last.bytes.starts(with: metadata) {
            self = .ignored
        } else if components.contains(where: { $0.bytes.starts(with: prefix) }) {
            throw .refused("a directory's name starts with .wh.")
        } else if last.bytes.starts(with: prefix) {
            let name = RawPath(bytes: last.bytes.dropFirst(prefix.count))
            guard name != "", name != ".", name != ".." else { throw .refused("a whiteout of nothing") }
            self = .whiteout(parents: components, name: name)
        } else {
            self = .entry(parents: components, name: last)
        }
    }

    /// The names of a relative path that stays below where it starts; `.` and empty names are dropped.
    static func components(of path: RawPath) throws(ImageError) -> [RawPath] {
        let bytes = path.bytes
        guard bytes.count < 4096 else { throw .refused("the path is longer than 4095 bytes") }
        // umoci calls the root directory "/".
        guard bytes.first != UInt8(ascii: "/") || bytes == [UInt8(ascii: "/")] else { throw .refused("the path is absolute") }
        let components = bytes.split(separator: UInt8(ascii: "/")).map(RawPath.init(bytes:)).filter { $0 != "." }
        guard !components.contains("..") else { throw .refused("the path has ..") }
        guard components.allSatisfy({ $0.cString.count <= 256 }) else {
            throw .refused("a name in the path is longer than 255 bytes")
        }
        return components
    }

    /// The names joined by `/`; `.` for none.
    static func joined(_ components: some Collection<RawPath>) -> RawPath {
        guard !components.isEmpty else { return "." }
        return RawPath(bytes: components.map(\.bytes).joined(separator: [UInt8(ascii: "/")]))
    }
}
