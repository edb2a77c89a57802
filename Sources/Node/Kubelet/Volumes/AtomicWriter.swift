internal import APIMachinery

/// Writes a volume's files so that readers see all of the old or all of the new ones.
///
/// The files are in a directory of their own, `..data` points to it, and each visible name points through `..data`.
struct AtomicWriter {
    private static let dataLink = "..data"
    private static let newDataLink = "..data_tmp"
    let directory: String

    /// - Parameter gid: Group of all that is in the volume, readable by it; nil: root's.
    func write(_ payload: VolumePayload, gid: UInt32?, now: Timestamp) throws(FileError) {
        if let gid, PodFiles.group(directory) != gid {
            try PodFiles.changeOwner(directory, uid: 0, gid: gid)
            try PodFiles.changeMode(directory, 0o2777)
        }
        let old = PodFiles.target(ofLink: "\(directory)/\(Self.dataLink)")
        if let old, try isCurrent(payload, in: old) { return }
        let new = "..\(Self.stamp(now)).\(UInt32.random(in: 100_000_000...999_999_999))"
        try write(payload, into: "\(directory)/\(new)", gid)
        try PodFiles.remove("\(directory)/\(Self.newDataLink)")
        try PodFiles.link("\(directory)/\(Self.newDataLink)", to: new)
        try PodFiles.move("\(directory)/\(Self.newDataLink)", to: "\(directory)/\(Self.dataLink)")
        try updateNames(payload)
        // What the names point to no more, and what a writer that was killed has left.
        for name in try PodFiles.list(directory) where name.hasPrefix("..") && name != Self.dataLink && name != new {
            try TreeRemoval.remove("\(directory)/\(name)")
        }
    }

    private func write(_ payload: VolumePayload, into path: String, _ gid: UInt32?) throws(FileError) {
        try makeDirectory(path, gid)
        for (name, file) in payload.files.sorted(by: { $0.key < $1.key }) {
            let target = "\(path)/\(name)"
            try makeDirectories(above: name, in: path, gid)
            let mode = gid == nil ? file.mode : file.mode | 0o440
            try PodFiles.overwrite(target, file.bytes, mode: mode)
            if gid != nil || file.uid != nil { try PodFiles.changeOwner(target, uid: file.uid ?? 0, gid: gid ?? 0) }
        }
    }

    private func makeDirectories(above name: String, in path: String, _ gid: UInt32?) throws(FileError) {
        var directory = path
        for part in name.split(separator: "/").dropLast() {
            directory += "/\(part)"
            if PodFiles.kind(directory) == nil { try makeDirectory(directory, gid) }
        }
    }

    private func makeDirectory(_ path: String, _ gid: UInt32?) throws(FileError) {
        try PodFiles.makeDirectory(path, mode: 0o755)
        guard let gid else { return }
        try PodFiles.changeOwner(path, uid: 0, gid: gid)
        try PodFiles.changeMode(path, 0o2755)
    }

    private func isCurrent(_ payload: VolumePayload, in data: String) throws(FileError) -> Bool {
        for (name, file) in payload.files {
            let bytes = try PodFiles.read("\(directory)/\(data)/\(name)", maxBytes: file.bytes.count + 1)
            if bytes != file.bytes { return false }
        }
        return Set(payload.visibleNames) == Set(try visibleNames())
    }

    private func updateNames(_ payload: VolumePayload) throws(FileError) {
        let wanted = Set(payload.visibleNames)
        let present = Set(try visibleNames())
        for name in wanted.subtracting(present).sorted() { try PodFiles.link("\(directory)/\(name)", to: "\(Self.dataLink)/\(name)") }
        for name in present.subtracting(wanted) { try PodFiles.remove("\(directory)/\(name)") }
    }

    private func visibleNames() throws(FileError) -> [String] { try PodFiles.list(directory).filter { !$0.hasPrefix("..") } }

    /// `2026_01_02_03_04_05`
    private static func stamp(_ time: Timestamp) -> String {
        String(time.truncatedToSeconds.description.dropLast().map { "-:T".contains($0) ? "_" : $0 })
    }
}

extension VolumePayload {
    /// First parts of the paths.
    var visibleNames: [String] {
        files.keys.map { String($0.prefix { $0 != "/" }) }.withoutDuplicates
    }
}
