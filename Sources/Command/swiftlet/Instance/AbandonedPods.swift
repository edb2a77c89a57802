internal import CRI
internal import ContainerRuntime
internal import Kubelet
internal import LinuxSystem

/// Pods that have a directory, logs or a cgroup but no sandbox: their daemon was killed before it made one, or after it had removed it.
///
/// One that is wanted goes on with what it has; of the others nobody would ever hear again.
struct AbandonedPods: Sendable {
    private let instance: Place
    private let uids: Set<String>

    private struct Place: Sendable {
        var paths: PodPaths
        var cgroups: NodeCgroups
    }

    /// Call it while nobody else starts pods here.
    static func find(_ instance: borrowing Instance) async throws -> AbandonedPods {
        let place = Place(paths: instance.paths, cgroups: instance.cgroups)
        let known = Set(try await instance.runtime.listPodSandbox(PodSandboxFilter()).map(\.metadata.uid))
        let logs = try names(in: place.paths.logs).compactMap { $0.split(separator: "_").last.map(String.init) }
        let all = try Set(names(in: place.paths.pods)).union(logs).union(place.cgroups.podUIDs())
        return AbandonedPods(instance: place, uids: all.subtracting(known))
    }

    /// Removes all that the pods have, but for those that are wanted.
    ///
    /// - Returns: What could not be removed, a line each.
    func remove(except wanted: Set<String>) -> [String] {
        uids.subtracting(wanted).sorted().compactMap { uid in
            do {
                try remove(uid)
                return nil
            } catch {
                return "clear away pod \(uid), which nobody wants: \(error)"
            }
        }
    }

    private func remove(_ uid: String) throws {
        let directory = instance.paths.pod(uid)
        try instance.cgroups.remove(pod: uid)
        for mount in try NodeMounts.mountPoints(below: directory) { try NodeMounts.unmountAll(exactly: mount) }
        try TreeRemoval.remove(directory)
        try TreeRemoval.remove(instance.paths.memory(uid))
        for name in try Self.names(in: instance.paths.logs) where name.hasSuffix("_\(uid)") {
            try TreeRemoval.remove("\(instance.paths.logs)/\(name)")
        }
    }

    private static func names(in path: String) throws -> [String] { Files.exists(path) ? try Files.names(in: path) : [] }
}
