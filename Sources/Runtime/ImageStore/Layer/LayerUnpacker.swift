import Glibc
import LinuxSystem

/// Turns a layer's tar entries into a directory that overlayfs can stack.
///
/// Traversal-proof by construction: an entry's parent is opened with openat2(2), `RESOLVE_BENEATH` the layer's root, and
/// the entry itself is made by a single name in that open directory. A path never reaches the kernel as a whole.
struct LayerUnpacker: ~Copyable {
    private let root: Directory
    /// The layers below, from which directories that the tar does not mention take owner and mode.
    private let below: MergedTree
    private var budget: UnpackBudget
    private let noteSkipped: (String) -> Void
    /// Directories' times, set when nothing will be made in them any more.
    private var directoryTimes: [(path: RawPath, modified: FileTime)] = []

    /// - Parameters:
    ///   - root: An empty directory.
    ///   - noteSkipped: Told in one line about an attribute that is left out.
    init(
        root: consuming Directory, below: MergedTree, budget: UnpackBudget, noteSkipped: @escaping (String) -> Void
    ) {
        self.root = root
        self.below = below
        self.budget = budget
        self.noteSkipped = noteSkipped
    }

    /// Makes the root directory look like that of the layers below, which counts unless the tar mentions it.
    mutating func begin() throws(ImageError) {
        do { try copyAttributes(of: [], to: ".", in: root.duplicate()) } catch { throw .failed("prepare a layer", error) }
    }

    /// Makes one entry.
    ///
    /// - Throws: `.refused` for an entry that would reach out of the layer or that a layer may not have; `.failed`.
    mutating func unpack(_ entry: ArchiveEntry, from archive: ArchiveReader) throws(ImageError) {
        do {
            try budget.takeEntry()
            switch try LayerPath(entry.path) {
            case .ignored: break
            case .root:
                guard entry.kind == .directory else { throw ImageError.refused("the layer's root is no directory") }
                try setAttributes(of: nil, in: root.duplicate(), entry)
                directoryTimes.append((".", entry.modified))
            case .opaque(let directory): try self.directory(directory).makeOpaque()
            case .whiteout(let parents, let name): try makeWhiteout(name, parents: parents)
            case .entry(let parents, let name): try make(entry, name, parents: parents, archive)
            }
        } catch let error as ImageError {
            throw error.within("entry \(quoted(entry.path.description))")
        } catch let error as Errno {
            throw .failed("unpack entry \(quoted(entry.path.description))", error)
        } catch { throw ImageError(.failed, "unpack", cause: error) }
    }

    /// Sets what can be set only when everything is there.
    ///
    /// - Returns: What is left of the limits.
    consuming func finish() throws(ImageError) -> UnpackBudget {
        for (path, modified) in directoryTimes {
            do { try root.directory(beneath: path).setTime(of: ".", modified) } catch {
                // A later entry may have replaced the directory by something else, or have moved what led to it.
                if error != .noSuchFile, error != .notDirectory, error != .crossDevice, error != .tooManyLinks {
                    throw .failed("set the time of \(quoted(path.description))", error)
                }
            }
        }
        return budget
    }
}

// MARK: Making one entry

extension LayerUnpacker {
    private mutating func make(
        _ entry: ArchiveEntry, _ name: RawPath, parents: [RawPath], _ archive: ArchiveReader
    ) throws {
        let parent = try directory(parents)
        switch entry.kind {
        case .directory:
            try makeDirectory(name, in: parent)
            directoryTimes.append((LayerPath.joined(parents + [name]), entry.modified))
        case .file:
            try clear(name, in: parent)
            try writeFile(entry, name, in: parent, archive)
        case .symlink(let target):
            try clear(name, in: parent)
            try parent.makeSymlink(name, to: target)
        case .hardLink(let target):
            try makeHardLink(name, to: target, in: parent)
            return  // its attributes are those of the file it is
        case .fifo:
            try clear(name, in: parent)
            try parent.makeFIFO(name)
        case .character(major: 0, minor: 0): return try makeWhiteout(name, parents: parents)
        case .character(let major, let minor):
            throw ImageError.refused("device nodes are not allowed in an image (character device \(major):\(minor))")
        case .block(let major, let minor):
            throw ImageError.refused("device nodes are not allowed in an image (block device \(major):\(minor))")
        case .socket: throw ImageError.refused("sockets are not allowed in an image")
        }
        try setAttributes(of: name, in: parent, entry)
        if entry.kind != .directory { try parent.setTime(of: name, entry.modified) }
    }

    /// A directory keeps what it has when it is mentioned again; anything else in its place goes.
    private func makeDirectory(_ name: RawPath, in parent: borrowing Directory) throws(Errno) {
        let old = try parent.statusIfExists(name)
        if old?.kind == .directory { return }
        if old != nil { try parent.unlink(name) }
        try parent.makeDirectory(name, mode: 0o700)
        if old?.isWhiteout == true { try parent.directory(named: name).makeOpaque() }
    }

    private mutating func writeFile(
        _ entry: ArchiveEntry, _ name: RawPath, in parent: borrowing Directory, _ archive: ArchiveReader
    ) throws {
        try budget.take(bytes: entry.size)
        let file = try parent.open(name, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        var end: Int64 = 0
        unsafe try archive.readData { (bytes, offset) throws(ImageError) in
            let (newEnd, overflow) = offset.addingReportingOverflow(Int64(bytes.count))
            guard !overflow, offset >= 0, newEnd <= entry.size else { throw .refused("more content than its size says") }
            end = newEnd
            do throws(Errno) { unsafe try file.write(bytes, at: offset) } catch { throw .failed("write", error) }
        }
        if end < entry.size { try check(ftruncate(file.rawValue, Int(entry.size))) }  // a hole at the end
    }

    /// The target is a file of this layer; an absolute target starts at the layer's root, as in a container.
    private func makeHardLink(_ name: RawPath, to target: RawPath, in parent: borrowing Directory) throws {
        var components: [RawPath]
        do { components = try LayerPath.components(of: RawPath(bytes: target.bytes.drop { $0 == UInt8(ascii: "/") })) } catch {
            throw error.within("hard link to \(quoted(target.description))")
        }
        guard let targetName = components.popLast() else { throw ImageError.refused("a hard link to a directory") }
        let targetParent = try hardLinkParent(components, target)
        guard let status = try targetParent.statusIfExists(targetName) else {
            throw ImageError.refused("a hard link to \(quoted(target.description)), which is not in this layer")
        }
        guard status.kind != .directory, !status.isWhiteout else {
            throw ImageError.refused("a hard link to \(quoted(target.description)), which is no file")
        }
        if let old = try parent.statusIfExists(name), old.inode == status.inode { return }  // to itself
        try clear(name, in: parent)
        try parent.link(name, to: targetName, in: targetParent)
    }

    private func hardLinkParent(_ components: [RawPath], _ target: RawPath) throws -> Directory {
        do { return try root.directory(beneath: LayerPath.joined(components)) } catch {
            switch error {
            case .noSuchFile, .notDirectory:
                throw ImageError.refused("a hard link to \(quoted(target.description)), which is not in this layer")
            case .crossDevice, .tooManyLinks:
                throw ImageError.refused(
                    "a hard link to \(quoted(target.description)), whose path leaves the layer through a symlink")
            default: throw error
            }
        }
    }

    /// Hides a name of the layers below. What this same layer has of that name stays; a directory stops merging.
    private mutating func makeWhiteout(_ name: RawPath, parents: [RawPath]) throws {
        let parent = try directory(parents)
        if let existing = try parent.statusIfExists(name) {
            if existing.kind == .directory { try parent.directory(named: name).makeOpaque() }
            return
        }
        // A whiteout of nothing would show up as a file in a directory that does not merge.
        guard !parent.isOpaque, try below.entry(at: parents + [name]) != nil else { return }
        try parent.makeWhiteout(name)
    }

    /// Makes room for a new entry.
    private func clear(_ name: RawPath, in parent: borrowing Directory) throws(Errno) { try parent.removeTree(name) }
}

// MARK: Directories on the way

extension LayerUnpacker {
    /// Opens an entry's parent. Directories that the tar did not mention are made like those in the layers below.
    private mutating func directory(_ components: [RawPath]) throws -> Directory {
        let path = LayerPath.joined(components)
        do { return try root.directory(beneath: path) } catch {
            switch error {
            case .noSuchFile: break
            case .crossDevice, .tooManyLinks:
                throw ImageError.refused("the path leaves the layer through a symlink")
            case .notDirectory where try isWhiteoutAnywhere(in: components): break
            case .notDirectory: throw ImageError.refused("a parent in the path is no directory")
            default: throw error
            }
        }
        return try makeParents(components)
    }

    private mutating func makeParents(_ components: [RawPath]) throws -> Directory {
        var current = try root.duplicate()
        for depth in 0..<components.count {
            let name = components[depth]
            do { current = try root.directory(beneath: LayerPath.joined(components[...depth])) } catch {
                guard error == .noSuchFile || error == .notDirectory else { throw error }
                // A symlink that points to nothing yet stays what it is.
                if try current.statusIfExists(name)?.kind == .symlink {
                    throw ImageError.refused("a parent in the path is a symlink to nothing")
                }
                try makeDirectory(name, in: current)
                try copyAttributes(of: Array(components[...depth]), to: name, in: current)
                current = try current.directory(named: name)
            }
        }
        return current
    }

    private func isWhiteoutAnywhere(in components: [RawPath]) throws(Errno) -> Bool {
        for depth in 0..<components.count {
            let parent: Directory
            do { parent = try root.directory(beneath: LayerPath.joined(components[..<depth])) } catch { return false }
            if try parent.statusIfExists(components[depth])?.isWhiteout == true { return true }
        }
        return false
    }

    private mutating func copyAttributes(
        of components: [RawPath], to name: RawPath, in parent: borrowing Directory
    ) throws(Errno) {
        let model = try below.entry(at: components)?.status
        guard let model, model.kind == .directory else { return try parent.setMode(of: name, 0o755) }
        try parent.setOwner(of: name, user: model.userID, group: model.groupID)
        try parent.setMode(of: name, model.permissions)
        directoryTimes.append((LayerPath.joined(components), model.modified))
    }
}

// MARK: Attributes

extension LayerUnpacker {
    /// Owner, then mode, then attributes: chown(2) clears setuid bits and capabilities.
    private func setAttributes(
        of name: RawPath?, in parent: borrowing Directory, _ entry: ArchiveEntry
    ) throws {
        guard let user = UInt32(exactly: entry.userID), let group = UInt32(exactly: entry.groupID),
            user != .max, group != .max
        else { throw ImageError.refused("owner \(entry.userID):\(entry.groupID) is out of range") }
        let target = name ?? "."
        try parent.setOwner(of: target, user: user, group: group)
        if case .symlink = entry.kind {} else { try parent.setMode(of: target, entry.permissions) }
        for attribute in entry.extendedAttributes { try set(attribute, of: name, in: parent) }
    }

    private func set(
        _ attribute: ArchiveEntry.ExtendedAttribute, of name: RawPath?, in parent: borrowing Directory
    ) throws {
        switch ExtendedAttributeRule(attribute.name) {
        case .refuse:
            throw ImageError.refused("extended attribute \(quoted(attribute.name)) is not allowed in an image")
        case .skip: noteSkipped("extended attribute \(quoted(attribute.name)) left out")
        case .keep:
            do { try parent.setExtendedAttribute(attribute.name, attribute.value, of: name) } catch {
                // The file system has no such attributes, or not on this kind of file (xattr(7)).
                guard error == .notSupported || error == .notPermitted else { throw error }
                noteSkipped("extended attribute \(quoted(attribute.name)) left out: \(error)")
            }
        }
    }
}

/// What becomes of an extended attribute of an image's file, xattr(7).
enum ExtendedAttributeRule: Equatable {
    case keep, refuse
    /// Labels of some other host's policy (SELinux, IMA).
    case skip

    init(_ name: String) {
        // trusted.overlay.* would let an image redirect what overlayfs shows.
        let isOverlay = name.hasPrefix("trusted.") || name.hasPrefix("user.overlay.")
        let isKept = name.hasPrefix("user.") || name == "security.capability" || name.hasPrefix("system.posix_acl_")
        self = isOverlay ? .refuse : isKept ? .keep : .skip
    }
}

extension Directory {
    func setOwner(of name: RawPath, user: UInt32, group: UInt32) throws(Errno) {
        try check(unsafe fchownat(fd.rawValue, name.cString, user, group, AT_SYMLINK_NOFOLLOW))
    }

    /// The entry was made by this process in a directory nobody else has open, so it is no symlink.
    func setMode(of name: RawPath, _ mode: UInt32) throws(Errno) {
        try check(unsafe fchmodat(fd.rawValue, name.cString, mode, 0))
    }

    fileprivate func setTime(of name: RawPath, _ modified: FileTime) throws(Errno) {
        let times = [modified.timespec, modified.timespec]
        try check(unsafe utimensat(fd.rawValue, name.cString, times, AT_SYMLINK_NOFOLLOW))
    }
}
