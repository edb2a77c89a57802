internal import APIMachinery
import Synchronization

/// The policies of a server with their bindings, compiled. Read anew only when one of them has changed.
final class PolicySource: Sendable {
    struct Bound: Sendable {
        var policy: ValidatingPolicy
        var bindings: [PolicyBinding]
    }
    private struct Cached: Sendable {
        /// What was read: held, so that no other object can be taken for one of them.
        var items: [StoredItem] = []
        var policies: [Bound] = []
    }

    private let cached = Mutex(Cached())

    /// Those that a binding puts into force, by name.
    func policies(_ objects: ObjectReader) async throws(Status) -> [Bound] {
        let (bindingItems, bindingResource) = try await items("validatingadmissionpolicybindings", objects)
        guard let bindingResource, !bindingItems.isEmpty else { return [] }
        let (policyItems, policyResource) = try await items("validatingadmissionpolicies", objects)
        guard let policyResource, !policyItems.isEmpty else { return [] }
        let items = bindingItems + policyItems
        let known = cached.withLock { $0.items.elementsEqual(items, by: ===) ? $0.policies : nil }
        if let known { return known }
        let bindings = bindingItems.map { PolicyBinding(bindingResource.object($0)) }.sorted { $0.name < $1.name }
        let policies = policyItems.map { policyResource.object($0) }.sorted { $0.name < $1.name }.compactMap { object -> Bound? in
            let own = bindings.filter { $0.policyName == object.name }
            return own.isEmpty ? nil : Bound(policy: ValidatingPolicy(object), bindings: own)
        }
        cached.withLock { $0 = Cached(items: items, policies: policies) }
        return policies
    }

    private func items(_ plural: String, _ objects: ObjectReader) async throws(Status) -> ([StoredItem], ResourceDefinition?) {
        guard let resource = objects.resource(group: "admissionregistration.k8s.io", plural), let stored = resource.stored else {
            return ([], nil)
        }
        return (try await objects.server.items(stored.location, prefix: stored.location.prefix), resource)
    }
}
