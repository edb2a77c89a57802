package import CRI
package import FaultInjection
package import Kubelet

/// What experiments on real pods need of an instance, handed over by whoever opened it.
package struct RealNode: Sendable {
    package var runtime: any RuntimeService
    package var images: any ImageService
    /// A new node agent of this instance over the given services.
    package var makeAgent: @Sendable (any RuntimeService, any ImageService, RealAgentSettings) throws -> ExperimentAgent
    /// Running containers' first processes, by the pod's UID.
    package var processes: @Sendable (String) -> [(name: String, pid: Int32)]
    /// Where an emptyDir of a pod is on the machine: by the pod's UID and the volume's name.
    package var emptyDirectory: @Sendable (String, String) -> String
    package var injector: FaultInjector
    package var ability: FaultAbility
    /// Waits until nothing is left of what was removed.
    package var settle: @Sendable () async -> Void

    package init(
        runtime: any RuntimeService, images: any ImageService,
        makeAgent: @escaping @Sendable (any RuntimeService, any ImageService, RealAgentSettings) throws -> ExperimentAgent,
        processes: @escaping @Sendable (String) -> [(name: String, pid: Int32)],
        emptyDirectory: @escaping @Sendable (String, String) -> String, injector: FaultInjector, ability: FaultAbility,
        settle: @escaping @Sendable () async -> Void
    ) {
        (self.runtime, self.images, self.makeAgent) = (runtime, images, makeAgent)
        (self.processes, self.emptyDirectory) = (processes, emptyDirectory)
        (self.injector, self.ability, self.settle) = (injector, ability, settle)
    }
}

/// How a node agent of an experiment differs from the instance's own.
package struct RealAgentSettings: Sendable {
    package var interception: ProbeInterception
    package var node: ExperimentNodeSettings
}

/// Steps that this machine can't do, found before anything is started.
package struct ImpossibleSteps: Error, Sendable, CustomStringConvertible {
    /// One for each fault, with the reason and what would mend it.
    package var lines: [String]
    package var description: String { lines.joined(separator: "\n") }

    /// nil: all of them can be done.
    package init?(_ experiments: [Experiment], _ ability: FaultAbility) {
        var lines: [String] = []
        for step in experiments.flatMap(\.steps) {
            guard let fault = step.fault.inKernel, let reason = ability.refusal(of: fault) else { continue }
            let line = "this machine can't do \"\(step.text)\": \(reason)"
            if !lines.contains(line) { lines.append(line) }
        }
        if lines.isEmpty { return nil }
        self.lines = lines
    }
}

extension Experiment.Fault {
    /// What it is for the kernel; nil: it is done otherwise.
    var inKernel: KernelFault? {
        switch self {
        case .kernel(let fault, _): fault
        // Whoever may have nothing is killed.
        case .outOfMemory: .memory(highBytes: nil, maxBytes: 0)
        default: nil
        }
    }
}
