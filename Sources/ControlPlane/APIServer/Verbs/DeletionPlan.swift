internal import APIMachinery
internal import KubernetesAPI

/// What a deletion does to an object: a pure decision, after upstream's rest.BeforeDelete and the registry's handling of finalizers.
struct DeletionPlan: Sendable {
    /// The object with its mark of deletion, to be written first; nil when nothing is to be written.
    private(set) var marked: JSONObject?
    /// It goes now.
    private(set) var isImmediate = false

    init(_ old: JSONObject, _ options: DeletionOptions, _ strategy: any ObjectStrategy, _ context: RequestContext) {
        let policy = strategy.deletion
        let isNamespace = context.resource.plural == "namespaces" && context.resource.group.isEmpty
        guard !isNamespace else {
            planNamespace(old, context.now)
            return
        }
        let grace = policy.isGraceful ? Self.graceful(old, options, context.now) : .none
        if case .pending = grace { return }
        var object = old
        if case .marked(let changed) = grace { object = changed }
        var finalizers = Self.finalizers(old, options, policy)
        let isDefinition = context.resource.plural == APIServer.definitionsPlural && context.resource.group == "apiextensions.k8s.io"
        if isDefinition, !old.isBeingDeleted, !finalizers.contains(APIServer.cleanupFinalizer) {
            // Its objects go first.
            finalizers.append(APIServer.cleanupFinalizer)
            Self.addTerminating(to: &object, context.now)
        }
        if finalizers != old.finalizers { object.setFinalizers(finalizers) }
        switch grace {
        case .pending: return
        case .marked:
            marked = object
            isImmediate = finalizers.isEmpty && (object.metadata["deletionGracePeriodSeconds"]?.integerValue ?? 0) == 0
        case .none where finalizers.isEmpty: isImmediate = true
        case .none:
            Self.mark(&object, context.now)
            marked = object
        }
    }

    private static func addTerminating(to definition: inout JSONObject, _ now: Timestamp) {
        var status = definition["status"] ?? [:]
        let condition: JSONValue = [
            "type": "Terminating", "status": "True", "lastTransitionTime": .string(now.description), "reason": "InstanceDeletionPending",
            "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
        ]
        status["conditions"] = .array((status["conditions"]?.arrayValue ?? []).filter { $0["type"] != "Terminating" } + [condition])
        definition["status"] = status
    }

    private enum Grace {
        /// The kind knows none, or the object is to go at once.
        case none
        case marked(JSONObject)
        /// It is on its way, and this request does not shorten it.
        case pending
    }

    private static func graceful(_ old: JSONObject, _ options: DeletionOptions, _ now: Timestamp) -> Grace {
        let asked = options.gracePeriodSeconds.map { $0 < 0 ? 1 : $0 }
        var object = old
        if let stamp = Timestamp(old.metadataText("deletionTimestamp")) {
            let current = old.metadata["deletionGracePeriodSeconds"]?.integerValue ?? 0
            guard current > 0 else { return .none }
            guard let asked, asked < current else { return .pending }
            object.setMetadata("deletionTimestamp", .string((stamp - .seconds(current) + .seconds(asked)).description))
            object.setMetadata("deletionGracePeriodSeconds", .integer(asked))
            return .marked(object)
        }
        var period = asked ?? old["spec"]?["terminationGracePeriodSeconds"]?.integerValue ?? 0
        let phase = old["status"]?["phase"]?.stringValue ?? ""
        if (old["spec"]?["nodeName"]?.stringValue ?? "").isEmpty || phase == "Succeeded" || phase == "Failed" { period = 0 }
        if period < 0 { period = 1 }
        object.setMetadata("deletionTimestamp", .string((now + .seconds(period)).truncatedToSeconds.description))
        object.setMetadata("deletionGracePeriodSeconds", .integer(period))
        if old.generation > 0 { object.setMetadata("generation", .integer(old.generation + 1)) }
        return .marked(object)
    }

    private static func mark(_ object: inout JSONObject, _ now: Timestamp) {
        if !object.isBeingDeleted {
            object.setMetadata("deletionTimestamp", .string(now.description))
            if object.generation > 0 { object.setMetadata("generation", .integer(object.generation + 1)) }
        }
        object.setMetadata("deletionGracePeriodSeconds", 0)
    }

    /// The finalizers with those by which the garbage collector is told what to do with dependents.
    private static func finalizers(_ old: JSONObject, _ options: DeletionOptions, _ policy: DeletionPolicy) -> [String] {
        guard policy.hasDependents else { return old.finalizers }
        let (orphan, foreground) = ("orphan", "foregroundDeletion")
        let wanted: String?
        if let orphans = options.orphanDependents {
            wanted = orphans ? orphan : nil
        } else if let propagation = options.propagation {
            wanted = propagation == .orphan ? orphan : propagation == .foreground ? foreground : nil
        } else if let own = old.finalizers.first(where: { $0 == orphan || $0 == foreground }) {
            wanted = own
        } else {
            wanted = policy.defaultPropagation == .orphan ? orphan : nil
        }
        guard let wanted else { return old.finalizers.filter { $0 != orphan && $0 != foreground } }
        let other = wanted == orphan ? foreground : orphan
        let kept = old.finalizers.filter { $0 != other }
        return kept.contains(wanted) ? kept : kept + [wanted]
    }

    /// A namespace waits in Terminating until what is in it is gone and its own finalizers are.
    private mutating func planNamespace(_ old: JSONObject, _ now: Timestamp) {
        let holds = !(old["spec"]?["finalizers"]?.arrayValue ?? []).isEmpty || !old.finalizers.isEmpty
        guard holds else {
            isImmediate = true
            return
        }
        guard !old.isBeingDeleted else { return }
        var object = old
        object.setMetadata("deletionTimestamp", .string(now.description))
        var status = object["status"]?.objectValue ?? JSONObject()
        status["phase"] = "Terminating"
        object["status"] = .object(status)
        marked = object
    }
}
