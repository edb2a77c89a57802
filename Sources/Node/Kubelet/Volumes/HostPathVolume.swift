internal import KubernetesAPI

/// A file or directory of the node. It is the user's: checked and perhaps made, never changed and never removed.
enum HostPathVolume {
    private enum Wanted: String {
        case unchecked = "", directoryOrCreate = "DirectoryOrCreate", directory = "Directory", fileOrCreate = "FileOrCreate"
        case file = "File", socket = "Socket", characterDevice = "CharDevice", blockDevice = "BlockDevice"
    }

    static func setUp(_ name: String, _ source: HostPathVolumeSource) throws(VolumeError) -> HostVolume {
        guard let wanted = Wanted(rawValue: source.type ?? "") else {
            throw VolumeError(name, "\(source.type ?? "") is an invalid volume type")
        }
        do {
            try create(wanted, source.path)
        } catch {
            throw VolumeError(name, error.description)
        }
        let kind = PodFiles.kind(source.path)
        let (isRight, word) = check(wanted, kind)
        guard isRight else { throw VolumeError(name, "hostPath type check failed: \(source.path) is not \(word)") }
        return HostVolume(.path(source.path))
    }

    /// A path that nothing is said about becomes a directory, as container runtimes make it.
    private static func create(_ wanted: Wanted, _ path: String) throws(FileError) {
        guard PodFiles.kind(path) == nil else { return }
        switch wanted {
        case .directoryOrCreate, .unchecked: try PodFiles.makeDirectory(path, mode: 0o755)
        case .fileOrCreate: try PodFiles.touch(path, mode: 0o644)
        default: break
        }
    }

    private static func check(_ wanted: Wanted, _ kind: FileKind?) -> (Bool, String) {
        switch wanted {
        case .unchecked: (true, "")
        case .directoryOrCreate, .directory: (kind == .directory, "a directory")
        case .fileOrCreate, .file: (kind == .file, "a file")
        case .socket: (kind == .socket, "a socket file")
        case .characterDevice: (kind == .characterDevice, "a character device")
        case .blockDevice: (kind == .blockDevice, "a block device")
        }
    }
}
