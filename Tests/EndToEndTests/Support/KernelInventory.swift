import Foundation

/// What of a machine's kernel objects a test could leak. Two inventories, before and after, must be equal.
struct KernelInventory: Equatable, CustomStringConvertible {
    var mounts: [String]
    var links: [String]
    var cgroups: [String]
    var networkNamespaces: [String]
    var supervisors: [String]
    var nftablesTables: [String]

    /// Takes stock of the machine. Kernel objects of ended processes go asynchronously: see `settled`.
    static func take() -> KernelInventory {
        KernelInventory(
            mounts: lines("/proc/self/mountinfo").compactMap { $0.split(separator: " ").dropFirst(4).first.map(String.init) }.sorted(),
            links: links(),
            cgroups: cgroupFolders(),
            networkNamespaces: processLinks("ns/net"),
            supervisors: processes { $0.hasPrefix("swiftlet-super") },
            nftablesTables: (try? Program.run("/usr/sbin/nft", ["list", "tables"]).stdout.split(separator: "\n").map(String.init)) ?? [])
    }

    /// The first inventory equal to `expected`, or the last one taken when the deadline passes.
    static func settled(like expected: KernelInventory, deadlineSeconds: Double = 10) -> KernelInventory {
        let deadline = Date(timeIntervalSinceNow: deadlineSeconds)
        var now = take()
        while now != expected, Date() < deadline {
            usleep(20_000)
            now = take()
        }
        return now
    }

    private static let parts: [(String, KeyPath<KernelInventory, [String]> & Sendable)] = [
        ("mounts", \.mounts), ("links", \.links), ("cgroups", \.cgroups), ("network namespaces", \.networkNamespaces),
        ("supervisors", \.supervisors), ("nftables tables", \.nftablesTables),
    ]

    /// How many there are of each kind.
    var counts: [String: Int] { Dictionary(uniqueKeysWithValues: Self.parts.map { ($0, self[keyPath: $1].count) }) }

    /// What the other inventory has that this one lacks, and the other way round.
    func difference(to other: KernelInventory) -> String {
        Self.parts.compactMap { name, path in
            let (mine, theirs) = (Set(self[keyPath: path]), Set(other[keyPath: path]))
            if self[keyPath: path] == other[keyPath: path] { return nil }
            return "\(name): new \(theirs.subtracting(mine).sorted()), gone \(mine.subtracting(theirs).sorted()), "
                + "\(self[keyPath: path].count) before, \(other[keyPath: path].count) after"
        }.joined(separator: "; ")
    }

    var description: String { "\(mounts.count) mounts, links \(links), \(cgroups.count) cgroups, \(supervisors.count) supervisors" }

    /// Of this process's network namespace, whatever /sys shows.
    static func links() -> [String] {
        lines("/proc/self/net/dev").dropFirst(2).compactMap { $0.split(separator: ":").first?.trimmingCharacters(in: .whitespaces) }
            .sorted()
    }

    private static func lines(_ path: String) -> [String] {
        ((try? ProcessView.text(of: path)) ?? "").split(separator: "\n").map(String.init)
    }

    private static func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    static func cgroupFolders() -> [String] {
        let unified = FileManager.default.fileExists(atPath: "/sys/fs/cgroup/unified") ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup"
        let walker = FileManager.default.enumerator(at: URL(filePath: unified), includingPropertiesForKeys: [.isDirectoryKey])
        var folders: [String] = []
        while let entry = walker?.nextObject() as? URL {
            if (try? entry.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true { folders.append(entry.path) }
        }
        return folders.sorted()
    }

    private static func processes(_ isWanted: (String) -> Bool) -> [String] {
        names("/proc").filter { $0.allSatisfy(\.isNumber) }.filter { pid in
            lines("/proc/\(pid)/comm").first.map(isWanted) ?? false
        }
    }

    private static func processLinks(_ name: String) -> [String] {
        Set(names("/proc").compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/\(name)") }).sorted()
    }
}
