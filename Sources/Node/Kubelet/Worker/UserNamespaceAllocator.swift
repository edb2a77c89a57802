internal import APIMachinery
internal import CRI
import Synchronization

/// Gives each pod with `hostUsers: false` a range of host ids of its own, the same one after a restart of the agent.
final class UserNamespaceAllocator: Sendable {
    struct Exhausted: Error, CustomStringConvertible {
        let count: UInt32
        var description: String { "all \(count) user namespace ranges of this node are taken" }
    }
    private let ranges: UserNamespaceRanges
    private let paths: PodPaths
    /// First host id by pod; nil until the recorded ones have been read.
    private let taken = Mutex<[PodUID: UInt32]?>(nil)

    init(_ configuration: KubeletConfiguration) {
        ranges = configuration.userNamespaces
        paths = PodPaths(configuration)
    }

    /// Blocks: reads and writes files.
    func allocate(_ uid: PodUID) throws -> UserNamespace {
        let first = try taken.withLock { taken throws -> UInt32 in
            var all = try taken ?? recorded()
            if let own = all[uid] { return own }
            let used = Set(all.values)
            guard
                let free = (0..<ranges.count).lazy.map({ self.ranges.firstID + $0 * UserNamespaceRanges.length }).first(where: {
                    !used.contains($0)
                })
            else { throw Exhausted(count: ranges.count) }
            all[uid] = free
            taken = all
            return free
        }
        let mapping = IDMapping(hostID: first, containerID: 0, length: UserNamespaceRanges.length)
        try PodFiles.makeDirectory(paths.pod(uid), mode: 0o750)
        try PodFiles.replace(paths.userNamespace(uid), Self.record(first).serialized(), mode: 0o600)
        return UserNamespace(uids: [mapping], gids: [mapping])
    }

    func release(_ uid: PodUID) throws(FileError) {
        taken.withLock { _ = $0?.removeValue(forKey: uid) }
        try PodFiles.remove(paths.userNamespace(uid))
    }

    /// A record that cannot be read keeps nothing taken; its pod gets a new range when it starts anew.
    private func recorded() throws(FileError) -> [PodUID: UInt32] {
        var result: [PodUID: UInt32] = [:]
        for uid in try PodFiles.list(paths.pods) {
            guard let bytes = try PodFiles.read(paths.userNamespace(uid), maxBytes: 4_096), let json = try? JSONValue(parsing: bytes),
                let id = json["uidMappings"]?[0]?["hostId"]?.integerValue, let first = UInt32(exactly: id)
            else { continue }
            result[uid] = first
        }
        return result
    }

    private static func record(_ first: UInt32) -> JSONValue {
        let mapping: JSONValue = [
            "hostId": .integer(Int64(first)), "containerId": 0, "length": .integer(Int64(UserNamespaceRanges.length)),
        ]
        return ["uidMappings": [mapping], "gidMappings": [mapping]]
    }
}
