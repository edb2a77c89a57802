package import FaultInjection
package import Kubelet

extension Experiment {
    /// Something that is done to a pod.
    package struct Step: Sendable {
        package enum Trigger: Sendable, Hashable {
            case at(Duration)
            /// The first time that this happens.
            case after(HappeningPattern, Duration)
            /// Before this attempt of a container's probe, the first being 1; each instance of the container goes on counting.
            case onProbe(ProbeKind, number: Int)
            /// Whenever the node agent comes to this point, so often.
            case before(LifecyclePoint, times: Int)
        }
        package var trigger: Trigger
        package var fault: Fault
        package var pod: String
        /// Empty: the whole pod.
        package var container: String
        /// As the file has it.
        package var text: String
    }

    package enum Fault: Sendable, Hashable {
        case signal(Int32)
        /// The program ends by itself: simulated only.
        case exit(code: Int32)
        /// The kernel kills it for want of memory.
        case outOfMemory
        case delete(graceSeconds: Int64?)
        /// Probes of it are answered so for a while, whatever it would say.
        case health(HealthPattern.State, Duration)
        /// Its image is not there and can't be pulled for a while.
        case imageMissing(Duration)
        /// Commands can't be run in it for a while: exec probes and hooks.
        case execFails(Duration)
        /// The pod's supervisor is killed.
        case supervisor
        /// The node agent is away so long; pods go on.
        case daemon(Duration)
        /// The node is away so long: all supervisors are killed, and the agent comes back later.
        case node(Duration)
        /// What was about to be done fails with this message. Only `before` something.
        case fail(String)
        /// What was about to be done has to wait. Only `before` something.
        case wait(Duration)
        /// nil: to the end of the run, or until `thaw`.
        case kernel(KernelFault, Duration?)
        case thaw

        /// Whom it is done to.
        var needsContainer: Bool {
            switch self {
            case .delete, .supervisor, .daemon, .node, .fail, .wait: false
            case .kernel(let fault, _):
                switch fault {
                case .freeze, .memory, .cpu, .disk: true
                case .full, .network, .dns: false
                }
            default: true
            }
        }
    }
}

/// What a node agent comes to in a pod's life, by its request to the runtime.
package enum LifecyclePoint: String, Sendable, Hashable, CaseIterable {
    /// The sandbox with its network, which is the first thing made for it.
    case sandbox
    case create, start, stop
    /// A command in a container: an exec probe or hook.
    case exec
}
