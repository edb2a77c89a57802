internal import CRI
internal import Cgroups
internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// Seccomp filters and device programs, made once for all containers that are confined alike: compiling a filter takes 10 ms, loading a
/// device program runs the kernel's verifier.
final class ConfinementCache: Sendable {
    private enum Key: Hashable {
        case runtimeDefault(CapabilitySet)
        case file(path: String, version: FileVersion, CapabilitySet)
    }
    private struct FileVersion: Hashable {
        var inode, size: UInt64
        var changedSeconds, changedNanoseconds: Int
    }
    private final class LoadedFilter: Sendable {
        let filter: DeviceFilter
        init(_ filter: consuming DeviceFilter) { self.filter = filter }
    }

    private let seccomp = Mutex<[Key: SeccompFilter]>([:])
    private let devices = Mutex<[[DeviceRule]: LoadedFilter]>([:])
    private static let capacity = 256

    /// - Returns: nil for an unconfined process.
    func filter(_ profile: SecurityProfile, _ capabilities: CapabilitySet) throws -> SeccompFilter? {
        switch profile {
        case .unconfined: return nil
        case .runtimeDefault:
            return try cached(.runtimeDefault(capabilities)) {
                try SeccompFilter.runtimeDefault(capabilities: capabilities)
            }
        case .localhost(let path):
            return try cached(.file(path: path, version: version(path), capabilities)) {
                try SeccompFilter.load(localhostProfile: path, capabilities: capabilities)
            }
        }
    }

    private func cached(_ key: Key, _ make: () throws -> SeccompFilter) throws -> SeccompFilter {
        if let known = seccomp.withLock({ $0[key] }) { return known }
        let filter = try make()
        seccomp.withLock { filters in
            if filters.count >= Self.capacity { filters = [:] }
            filters[key] = filter
        }
        return filter
    }

    /// A profile that was changed is another one.
    private func version(_ path: String) throws(SystemError) -> FileVersion {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw SystemError("read seccomp profile \(path)", .current) }
        return FileVersion(
            inode: UInt64(status.st_ino), size: UInt64(status.st_size), changedSeconds: status.st_ctim.tv_sec,
            changedNanoseconds: status.st_ctim.tv_nsec)
    }

    /// Puts the rules in force for a cgroup.
    func attach(_ rules: [DeviceRule], to cgroup: borrowing Cgroup) throws(SystemError) {
        if let known = devices.withLock({ $0[rules] }) { return try known.filter.attach(to: cgroup) }
        let loaded = LoadedFilter(try DeviceFilter(rules: rules))
        devices.withLock { filters in
            if filters.count >= Self.capacity { filters = [:] }
            filters[rules] = loaded
        }
        try loaded.filter.attach(to: cgroup)
    }
}
