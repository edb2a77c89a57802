import ArgumentParser
internal import APIMachinery
internal import ControlPlane
internal import Glibc
internal import LinuxSystem

struct Snapshot: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "Back up the store, or put a backup back.", subcommands: [Save.self, Restore.self])

    struct Save: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "save", abstract: "Save the whole store, as it is at one moment, to a new file.",
            discussion: "Works while the control plane serves, and while it does not. The file appears complete or not at all, mode 0600.")

        @OptionGroup var directories: DirectoryOptions

        @Argument(help: "The file; it must not be there yet.", completion: .file())
        var file: String

        func run() async throws {
            let path = InstanceName.absolute(file)
            let files = StoreFiles(dataDirectory: directories.absoluteDataDirectory)
            let runDirectory = directories.absoluteRunDirectory
            if DaemonFile(runDirectory: runDirectory, role: .server).running != nil,
                try ControlSocket.ask(.snapshot(path), runDirectory: runDirectory) != nil
            {
                return report(path)
            }
            guard files.exist else {
                throw UsageError("there is no store in \(directories.absoluteDataDirectory), and no control plane runs in \(runDirectory)")
            }
            try await SnapshotFailure.explained { try await files.save(to: path) }
            report(path)
        }

        private func report(_ path: String) {
            let bytes = (try? Files.read(path).count) ?? 0
            Output.print("saved \(path), \((bytes + 1023) / 1024) KiB")
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "restore", abstract: "Put a snapshot in the place of the store of a control plane that is stopped.",
            discussion: """
                The snapshot is checked first; the store that was there is kept beside it under another name. Clients notice that history \
                was broken off, and list again. Certificates and keys are not part of a snapshot: they stay those of the data directory.
                """)

        @OptionGroup var directories: DirectoryOptions

        @Argument(help: "The snapshot.", completion: .file())
        var file: String

        func run() async throws {
            let path = InstanceName.absolute(file)
            guard Files.exists(path) else { throw UsageError("\(path): no such file") }
            let files = StoreFiles(dataDirectory: directories.absoluteDataDirectory)
            let restored = try await SnapshotFailure.explained { try files.restore(from: path) }
            Output.print(
                "restored \(restored.keyCount) objects of revision \(restored.snapshotRevision); goes on from \(restored.revision)")
            if let aside = restored.setAside { Output.print("the store that was there is now \(aside)") }
        }
    }
}

private enum SnapshotFailure {
    /// Runs something on the files of a store; that another process has them is the environment's fault.
    static func explained<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as ControlPlaneError where error.kind == .inUse {
            throw EnvironmentError(problem: error.description, mend: "end it with swiftlet down")
        }
    }
}
