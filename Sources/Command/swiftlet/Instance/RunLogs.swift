internal import Glibc
internal import Kubelet
internal import KubernetesAPI
internal import LinuxSystem
import Synchronization

/// The logs of a run's containers, on stdout and stderr with the container's name in front.
final class RunLogs: Sendable {
    private let paths: PodPaths
    private let namesPods: Bool
    /// nil when nothing is shown, and after the end.
    private let follower: Mutex<ContainerLogFollower?>
    private let followed = Mutex<Set<String>>([])
    private let isOver: ThreadEvent
    /// The beginnings of lines whose end is not written yet, by label and stream.
    private let partial = Mutex<[String: [UInt8]]>([:])

    init(paths: PodPaths, isShown: Bool, namesPods: Bool) throws {
        self.paths = paths
        self.namesPods = namesPods
        isOver = try ThreadEvent()
        follower = Mutex(isShown ? try ContainerLogFollower() : nil)
    }

    func start() throws {
        guard let follower = follower.withLock({ $0 }) else { return }
        try startThread { [self] in
            follower.run { label, line in show(label, line) }
            // Its end closes an inotify descriptor, which takes milliseconds: on this thread, while the pods are being removed.
            self.follower.withLock { $0 = nil }
            isOver.set()
        }
    }

    /// Follows every instance of a container that has begun.
    func follow(_ pod: Pod) {
        guard let follower = follower.withLock({ $0 }) else { return }
        let directory = paths.logDirectory(namespace: pod.namespace, name: pod.name, uid: pod.uid)
        for status in pod.status.initContainerStatuses + pod.status.containerStatuses where status.containerID != nil {
            for attempt in 0...UInt32(max(0, status.restartCount)) {
                let path = "\(directory)/\(paths.logFile(status.name, attempt: attempt))"
                guard Files.exists(path), followed.withLock({ $0.insert(path).inserted }) else { continue }
                let label = namesPods ? "\(pod.name)/\(status.name)" : status.name
                do { try follower.add(label: label, path: path) } catch { Output.warn("swiftlet: \(error)") }
            }
        }
    }

    /// Shows what is left and returns when it is written.
    func finish() {
        guard follower.withLock({ $0?.finish() }) != nil else { return }
        isOver.wait()
        for (key, bytes) in partial.withLock({ $0 }) where !bytes.isEmpty {
            Output.write(bytes + [UInt8(ascii: "\n")], to: key.hasSuffix("stderr") ? 2 : 1)
        }
    }

    private func show(_ label: String, _ line: ContainerLogLine) {
        let key = "\(label) \(line.stream.rawValue)"
        let whole = partial.withLock { partial -> [UInt8]? in
            let start = partial[key] ?? Array("\(label) | ".utf8)
            partial[key] = line.isPartial ? start + line.content : nil
            return line.isPartial ? nil : start + line.content + [UInt8(ascii: "\n")]
        }
        if let whole { Output.write(whole, to: line.stream == .stderr ? 2 : 1) }
    }
}

/// Set once; `wait` blocks a thread until then. A byte in a pipe: a task's thread may not wait for another task.
final class ThreadEvent: Sendable {
    private let pipe: Pipe
    init() throws { pipe = try OwnedFD.pipe() }
    func set() { try? pipe.write.writeAll([1]) }
    func wait() { _ = try? pipe.read.read(upTo: 1) }
}
