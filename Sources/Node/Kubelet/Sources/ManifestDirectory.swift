package import APIMachinery
package import KubernetesAPI
import Synchronization

/// Static pods: the manifests of a directory, followed as they change.
package final class ManifestDirectory: Sendable {
    package struct Scan: Sendable, Hashable {
        package var pods: [Pod] = []
        /// One line each; a file that cannot be read keeps the pods that it had.
        package var problems: [String] = []
    }
    private struct State {
        var podsByFile: [String: [Pod]] = [:]
        /// When a UID was first seen here.
        var seen: [PodUID: Timestamp] = [:]
        var isStopped = false
    }
    /// Beside the notices of the kernel, for file systems that send none.
    private static let rescanMilliseconds: CInt = 20_000
    private let path: String
    private let nodeName: String
    private let clock: any TimeSource
    private let watch: DirectoryWatch
    private let state = Mutex(State())

    /// - Parameter path: An existing directory.
    package init(path: String, nodeName: String, clock: any TimeSource) throws(DirectoryWatch.WatchError) {
        self.path = path
        self.nodeName = nodeName
        self.clock = clock
        watch = try DirectoryWatch()
        try watch.add(directory: path)
    }

    /// Ends `run`.
    package func stop() {
        state.withLock { $0.isStopped = true }
        watch.wake()
    }

    /// Delivers what is there now and after each change, until `stop`. Blocks: call it on a thread of its own.
    package func run(_ deliver: (Scan) -> Void) {
        var last: Scan?
        while !state.withLock({ $0.isStopped }) {
            let scan = scan()
            if scan != last { deliver(scan) }
            last = scan
            watch.wait(timeoutMilliseconds: Self.rescanMilliseconds)
        }
    }

    /// Reads all files whose names do not begin with a dot.
    package func scan() -> Scan {
        var scan = Scan()
        let names: [String]
        do {
            names = try PodFiles.list(path).filter { !$0.hasPrefix(".") }
        } catch {
            scan.pods = state.withLock { $0.podsByFile.sorted { $0.key < $1.key }.flatMap(\.value) }
            scan.problems = ["\(error)"]
            return scan
        }
        var podsByFile: [String: [Pod]] = [:]
        for name in names where PodFiles.kind("\(path)/\(name)") != .directory {
            do {
                podsByFile[name] = try load(name)
            } catch {
                scan.problems += error.problems.map(\.description)
                podsByFile[name] = state.withLock { $0.podsByFile[name] }
            }
        }
        scan.pods = podsByFile.sorted { $0.key < $1.key }.flatMap(\.value)
        let present = Set(scan.pods.map(\.uid))
        state.withLock { state in
            state.podsByFile = podsByFile
            state.seen = state.seen.filter { present.contains($0.key) }
        }
        return scan
    }

    private func load(_ name: String) throws(ManifestError) -> [Pod] {
        let file = "\(path)/\(name)"
        return try PodManifest.load(path: file).map { pod in
            var pod = pod
            let uid = pod.metadata.uid ?? StaticPodIdentity.hash(pod, path: file, nodeName: nodeName)
            let seen = state.withLock { state in
                state.seen[uid] = state.seen[uid] ?? clock.wallTime
                return state.seen[uid] ?? clock.wallTime
            }
            StaticPodIdentity.assign(to: &pod, path: file, nodeName: nodeName, seen: seen)
            return pod
        }
    }
}
