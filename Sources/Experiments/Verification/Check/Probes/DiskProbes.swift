internal import Glibc
internal import LinuxSystem

/// The file system that the data directory is on, or will be.
enum DiskProbes {
    static let all = [space, durability, entryTypes, attributes]

    private static let space = Probe(
        Feature(
            .disk, "free space", neededBy: "images, logs, volumes", lost: "images can't be imported, pods are evicted",
            mend: "swiftlet image gc, or another --data-dir")
    ) { place in
        var status = statvfs()
        guard unsafe statvfs(place.storage, &status) == 0 else { throw SystemError("statvfs \(place.storage)", .current) }
        let mebibytes = (UInt64(status.f_bavail) * UInt64(status.f_frsize)) >> 20
        let inodes = UInt64(status.f_favail)
        let text = "\(mebibytes) MiB, \(status.f_files == 0 ? "any number of" : "\(inodes)") files free in \(place.storage)"
        if mebibytes < 100 || (status.f_files > 0 && inodes < 1000) { return .no(text) }
        return mebibytes < 1024 || (status.f_files > 0 && inodes < 20_000) ? .poorly(text) : .yes(text)
    }

    private static let durability = Probe(
        Feature(
            .disk, "fsync and rename", neededBy: "exit records, the API server's store",
            lost: "what was acknowledged may be lost with the power",
            mend: "put the data directory on a local disk")
    ) { place in
        try ScratchDirectory.run(in: place.storage) { path in
            let begin = KernelClock.monotonicNanoseconds
            try Files.replace("\(path)/file", with: [1], durably: true)
            let milliseconds = (KernelClock.monotonicNanoseconds - begin) / 1_000_000
            let text = "a file was made durable in \(milliseconds) ms"
            return milliseconds > 200 ? .poorly(text) : .yes(text)
        }
    }

    /// overlayfs needs the type of a file in the directory's entry, else whiteouts are not seen (overlayfs.rst).
    private static let entryTypes = Probe(
        Feature(
            .disk, "types in directory entries", neededBy: "layers of images", lost: "removed files of a layer show again",
            mend: "mkfs.xfs -n ftype=1 for the data directory's file system")
    ) { place in
        try ScratchDirectory.run(in: place.storage) { path in
            try Files.makeDirectories("\(path)/entry")
            guard let stream = unsafe opendir(path) else { throw SystemError("list \(path)", .current) }
            defer { _ = unsafe closedir(stream) }
            while let entry = unsafe readdir(stream) {
                if unsafe entry.pointee.d_type == UInt8(DT_UNKNOWN) { return .no("entries have no type") }
            }
            return .yes("entries have types; \(fileSystem(of: place.storage))")
        }
    }

    private static func fileSystem(of path: String) -> String {
        guard let mount = try? MountTable.read().mount(holding: path) else { return "file system unknown" }
        return "\(mount.type) on \(mount.mountPoint)"
    }

    /// Layers keep file capabilities and opaque directories in extended attributes.
    private static let attributes = Probe.asRoot(
        Feature(
            .disk, "extended attributes", neededBy: "layers of images: opaque directories, file capabilities",
            lost: "images that have them are unpacked wrong, so they are refused",
            mend: "put the data directory on ext4, xfs or btrfs")
    ) { place in
        try ScratchDirectory.run(in: place.storage) { path in
            try Files.setAttribute("trusted.overlay.opaque", to: [UInt8(ascii: "y")], of: path)
            return .yes("trusted.* can be set")
        }
    }
}
