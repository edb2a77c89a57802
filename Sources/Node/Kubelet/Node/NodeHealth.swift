internal import KubernetesAPI
import Synchronization

/// What is wrong with the node, as its parts report it; goes into the node's conditions.
package final class NodeHealth: Sendable {
    package struct State: Sendable, Hashable {
        package var hasMemoryPressure = false
        package var hasDiskPressure = false
        package var hasPIDPressure = false
        /// Why no pod could be started, one text for each cause.
        package var troubles: [String] = []
        package init() {}

        var pressures: [EvictionSignal.Pressure] {
            (hasMemoryPressure ? [.memory] : []) + (hasDiskPressure ? [.disk] : []) + (hasPIDPressure ? [.pid] : [])
        }
    }
    private let state = Mutex(State())
    /// Fires with every change.
    let changed = WakeUp()

    package init() {}

    package var current: State { state.withLock { $0 } }

    package func update(_ change: (inout State) -> Void) {
        let isNews = state.withLock { state in
            let before = state
            change(&state)
            return state != before
        }
        if isNews { changed.wake() }
    }
}
