internal import CRI
internal import KubernetesAPI
import Synchronization

/// What the sources of pods have said, all together.
final class PodSources: Sendable {
    private struct State {
        /// The pods that are wanted, by source.
        var files: [PodUID: Pod] = [:]
        var api: [PodUID: Pod] = [:]
        /// Sources that have not spoken yet.
        var silent: Set<Kubelet.Source>
        /// What the runtime had of pods before a source named them. A worker must know it before its first look, or it would start
        /// such a pod a second time.
        var unclaimed: [PodUID: PodRuntimeStatus] = [:]
    }
    private let state: Mutex<State>
    /// Every source has spoken: a pod that none names is not wanted.
    let areComplete = OneShot<Void>()

    init(_ sources: Set<Kubelet.Source>) { state = Mutex(State(silent: sources)) }

    func hasSpoken(_ source: Kubelet.Source) -> Bool { state.withLock { !$0.silent.contains(source) } }

    func speak(_ source: Kubelet.Source) {
        let isLast = state.withLock { state in
            state.silent.remove(source)
            return state.silent.isEmpty
        }
        if isLast { areComplete.set(()) }
    }

    subscript(uid: PodUID) -> Pod? { state.withLock { $0.api[uid] ?? $0.files[uid] } }

    var uids: Set<PodUID> { state.withLock { Set($0.files.keys).union($0.api.keys) } }

    /// - Returns: UIDs of files' pods that are no longer there.
    func replaceFiles(_ pods: [Pod]) -> [PodUID] {
        state.withLock { state in
            let new = Dictionary(pods.map { ($0.uid, $0) }) { first, _ in first }
            defer { state.files = new }
            return state.files.keys.filter { new[$0] == nil }.sorted()
        }
    }

    var files: [Pod] { state.withLock { $0.files.sorted { $0.key < $1.key }.map(\.value) } }

    func put(fromAPI pod: Pod) { state.withLock { $0.api[pod.uid] = pod } }
    func removeFromAPI(_ uid: PodUID) { state.withLock { $0.api[uid] = nil } }
    func removeFile(_ uid: PodUID) { state.withLock { $0.files[uid] = nil } }

    /// What the runtime had of a pod that is named now.
    func claim(_ uid: PodUID) -> PodRuntimeStatus? { state.withLock { $0.unclaimed.removeValue(forKey: uid) } }

    /// Remembers a pod of the runtime that nobody has named, unless everybody has spoken.
    ///
    /// - Returns: Whether it is to be left alone.
    func keep(_ uid: PodUID, _ status: PodRuntimeStatus) -> Bool {
        state.withLock { state in
            if !state.silent.isEmpty { state.unclaimed[uid] = status }
            return !state.silent.isEmpty
        }
    }
}
