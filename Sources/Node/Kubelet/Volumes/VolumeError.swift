/// A volume that could not be made ready.
package struct VolumeError: Error, Sendable, Hashable, CustomStringConvertible {
    /// How far it came; the kubelet's messages differ by that.
    package enum Step: Sendable, Hashable { case resolving, checkingNode, preparing, settingUp }
    package enum Retry: Sendable, Hashable {
        /// Somebody says when it may go better.
        case whenChanged
        /// What it waits for cannot be watched by a node.
        case soon
        case later
    }
    /// Name of the pod's volume.
    package let volume: String
    package let step: Step
    /// Name of the PersistentVolume, where it is one; or else of the volume.
    package let name: String
    package let cause: String
    package let retry: Retry

    package init(_ volume: String, _ cause: String, _ step: Step = .settingUp, name: String? = nil, retry: Retry = .later) {
        self.volume = volume
        self.step = step
        self.name = name ?? volume
        self.cause = cause
        self.retry = retry
    }

    init(_ volume: String, _ error: ObjectError) {
        let retry: Retry =
            switch error.kind {
            case .notFound: .whenChanged
            case .failed: .soon
            case .unavailable: .later
            }
        self.init(volume, error.description, retry: retry)
    }

    package var description: String {
        switch step {
        case .resolving: cause
        case .checkingNode: "MountVolume.NodeAffinity check failed for volume \"\(name)\" : \(cause)"
        case .preparing: "MountVolume.NewMounter initialization failed for volume \"\(name)\" : \(cause)"
        case .settingUp: "MountVolume.SetUp failed for volume \"\(name)\" : \(cause)"
        }
    }
}

/// All volumes of a pod that could not be made ready.
package struct VolumeErrors: Error, Sendable, Hashable, CustomStringConvertible {
    package let all: [VolumeError]
    package init(_ all: [VolumeError]) { self.all = all }

    /// One event each; those whose source could not even be found share one.
    package var messages: [String] {
        var messages = all.filter { $0.step != .resolving }.map(\.description)
        let unresolved = all.filter { $0.step == .resolving }
        if !unresolved.isEmpty {
            func names(_ errors: [VolumeError]) -> String { "[" + errors.map(\.volume).joined(separator: " ") + "]" }
            let causes = unresolved.map(\.cause).joined(separator: "; ")
            messages.append(
                "Unable to attach or mount volumes: unmounted volumes=\(names(all)), unattached volumes=[], "
                    + "failed to process volumes=\(names(unresolved)): \(causes)")
        }
        return messages
    }
    package var description: String { messages.joined(separator: "; ") }

    package var triesAgainSoon: Bool { all.contains { $0.retry == .soon } }
}
