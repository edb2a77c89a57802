internal import APIMachinery
internal import KubernetesAPI

extension Pod {
    /// Neither at its end nor on the way to it.
    var isActive: Bool { !isTerminal && !metadata.isBeingDeleted }
    var isTerminal: Bool { status.phase == "Succeeded" || status.phase == "Failed" }
    /// On its way, with processes that may still run.
    var isTerminating: Bool { metadata.isBeingDeleted && !isTerminal }

    var readyCondition: PodCondition? { status.conditions.first { $0.type == "Ready" } }
    var isReady: Bool { readyCondition?.status == "True" }
    /// Since when, as far as it says.
    var readySince: Timestamp? { isReady ? readyCondition?.lastTransitionTime : nil }

    /// Ready for so long that one may count on it.
    func isAvailable(minReadySeconds: Int32, at now: Timestamp) -> Bool {
        isReady && (minReadySeconds == 0 || untilAvailable(minReadySeconds: minReadySeconds, at: now).map { $0 <= .zero } ?? false)
    }

    /// How long a ready pod has to stay so until it counts as available; nil when it is not ready.
    func untilAvailable(minReadySeconds: Int32, at now: Timestamp) -> Duration? {
        guard let since = readySince else { return nil }
        return since + .seconds(Int64(minReadySeconds)) - now
    }

    /// Something has changed that counts for who makes and counts pods. Node agents write much else.
    func differsForController(from old: Pod) -> Bool {
        metadata.uid != old.metadata.uid || metadata.deletionTimestamp != old.metadata.deletionTimestamp
            || metadata.labels != old.metadata.labels || metadata.ownerReferences != old.metadata.ownerReferences
            || status.phase != old.status.phase || readyCondition?.status != old.readyCondition?.status
            || readyCondition?.lastTransitionTime != old.readyCondition?.lastTransitionTime
    }
}

extension [Pod] {
    /// When the next of the ready pods becomes available.
    func nextAvailability(minReadySeconds: Int32, at now: Timestamp) -> Duration? {
        guard minReadySeconds > 0 else { return nil }
        return compactMap { $0.untilAvailable(minReadySeconds: minReadySeconds, at: now) }.filter { $0 > .zero }.min()
    }
}
