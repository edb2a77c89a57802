internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// The directory `exits`: a file for each ended process that must not be forgotten.
struct ExitRecords: ~Copyable {
    private let directory: Descriptor

    init(in parent: Text) throws(SystemFailure) {
        let path = parent + "/exits"
        let made = unsafe path.withCString { path in unsafe sv_mkdir(Int32(SV_CWD), path, 0o700) }
        if made != -ErrorNumber.exists { _ = try SystemFailure.check(made) }
        directory = try Files.openDirectory(path)
    }

    /// On return the record has reached the disk.
    func write(_ exit: ProcessExit) throws(SystemFailure) {
        try Files.replaceDurably(Text(exit.id), in: directory.number, with: ExitRecord(exit).encoded())
    }

    func remove(_ id: [UInt8]) throws(SystemFailure) {
        do throws(SystemFailure) {
            try Files.remove(Text(id), in: directory.number)
        } catch {
            if error.number != ErrorNumber.noEntry { throw error }
        }
    }
}
