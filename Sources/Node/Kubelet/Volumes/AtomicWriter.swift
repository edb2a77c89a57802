internal import APIMachinery

/// Writes a volume's files so that readers see all of the old or all of the new ones.
///
/// The files are in a directory of their own, `..data` points to it, and each visible name points through `..data`.
struct AtomicWriter {
    private static let dataLink = "..data"
    private static let newDataLink = "..data_tmp"
    let directory: String

    /// - Parameter gid: Group of the files, readable by it; nil: root's.
    func write(_ payload: VolumePayload, gid: UInt32?, now: Timestamp) throws(FileError) {
        let old = PodFiles.target(ofLink: "\(directory)/\(Self.dataLink)")
        if let old, try isCurrent(payload, in: old) { return }
        let new = "..\(Self.stamp(now)).\(UInt32.random(in: 100_000_000...999_999_999))"
        try write(payload, into: "\(directory)/\(new)", gid)
        try PodFiles.remove("\(directory)/\(Self.newDataLink)")
        try PodFiles.link("\(directory)/\(Self.newDataLink)", to: new)
        try PodFiles.move("\(directory)/\(Self.newDataLink)", to: "\(directory)/\(Self.dataLink)")
        try updateNames(payload)
        if let old { try TreeRemoval.remove("\(directory)/\(old)") }
    }

    private func write(_ payload: VolumePayload, into path: String, _ gid: UInt32?) throws(FileError) {
        try PodFiles.makeDirectory(path, mode: 0o755)
        for (name, file) in payload.files.sorted(by: { $0.key < $1.key }) {
            let target = "\(path)/\(name)"
            if let slash = target.lastIndex(of: "/") { try PodFiles.makeDirectory(String(target[..<slash]), mode: 0o755) }
            let mode = gid == nil ? file.mode : file.mode | 0o440
            try PodFiles.overwrite(target, file.bytes, mode: mode)
            if let gid { try PodFiles.changeOwner(target, uid: 0, gid: gid) }
        }
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
