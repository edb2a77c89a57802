/// Where the runtime keeps what, below the run directory.
///
///     pods/ID/                  one directory per sandbox, which is its supervisor's too (supervisor.sock, exits/)
///     pods/ID/sandbox.json      last thing made: a directory without it is a sandbox that never was
///     pods/ID/containers/C.json
///     pods/ID/containers/C.started   made before the supervisor is asked to start C
///     pods/ID/hostname, resolv.conf
///     removed/ID/               sandboxes that are gone for every caller, their remains being cleared away
///     damaged/                  what could not be read, for whoever wants to know why; goes with `tearDown`
package struct StateLayout: Sendable, Hashable {
    package let runDirectory: String

    package init(runDirectory: String) { self.runDirectory = runDirectory }

    package var pods: String { "\(runDirectory)/pods" }
    package var removed: String { "\(runDirectory)/removed" }
    package var damaged: String { "\(runDirectory)/damaged" }

    /// An empty directory: where containers mount their root, each in its own mount namespace, if the kernel cannot do without a place.
    package var rootMountPoint: String { "\(runDirectory)/root" }

    package func sandbox(_ id: String) -> SandboxLayout { SandboxLayout(directory: "\(pods)/\(id)") }
    package func removedSandbox(_ id: String) -> SandboxLayout { SandboxLayout(directory: "\(removed)/\(id)") }
}

/// The paths of one sandbox.
package struct SandboxLayout: Sendable, Hashable {
    package let directory: String

    package var record: String { "\(directory)/sandbox.json" }
    package var hostname: String { "\(directory)/hostname" }
    package var resolvConf: String { "\(directory)/resolv.conf" }
    /// A tmpfs is mounted here, where a detached one cannot be used.
    package var sharedMemory: String { "\(directory)/shm" }
    package var containers: String { "\(directory)/containers" }
    package var exits: String { "\(directory)/exits" }

    package func container(_ id: String) -> String { "\(containers)/\(id).json" }
    /// Says that a start was begun: without it a container whose supervisor is gone has never run.
    package func startMarker(_ id: String) -> String { "\(containers)/\(id).started" }
    package func exitRecord(_ id: String) -> String { "\(exits)/\(id)" }
}
