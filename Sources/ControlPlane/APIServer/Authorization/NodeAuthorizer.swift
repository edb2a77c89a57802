internal import APIMachinery
package import Storage
import Synchronization

/// Lets a node's agent at what its own pods need, and at nothing of others'.
///
/// Concerns users `system:node:NAME` of the group `system:nodes` only. What it has no opinion on is left to RBAC.
package final class NodeAuthorizer: Authorizer {
    private enum Object: Sendable {
        case pod(NodeGraph.PodLinks)
        case volume(NodeGraph.VolumeLinks)
    }
    /// Read when the first node asks, not when it is written: most clusters' writers are no nodes.
    private final class LazyObject: Sendable {
        private enum Form: Sendable {
            case bytes([UInt8], isPod: Bool)
            case object(Object?)
        }
        private let form: Mutex<Form>

        init(_ bytes: [UInt8], isPod: Bool) { form = Mutex(.bytes(bytes, isPod: isPod)) }

        var object: Object? {
            form.withLock { form in
                if case .object(let object) = form { return object }
                guard case .bytes(let bytes, let isPod) = form else { return nil }
                let json = try? JSONValue(parsing: bytes)
                let object = json.map { isPod ? Object.pod(.init($0)) : .volume(.init($0)) }
                form = .object(object)
                return object
            }
        }
    }
    private struct Compiled {
        var graph: NodeGraph
        var generation: Int
    }

    private let objects: StoredMirror<LazyObject>
    private let compiled = Mutex<Compiled?>(nil)

    package init(storage: any StorageBackend) async throws(StorageError) {
        let pods = "/registry/core/pods/"
        objects = try await StoredMirror(storage, prefixes: [pods, "/registry/core/persistentvolumes/"]) { key, bytes in
            LazyObject(bytes, isPod: key.hasPrefix(pods))
        }
    }

    package func authorize(_ attributes: RequestAttributes) -> AuthorizationDecision {
        guard let node = attributes.user.nodeName, case .resource(let resource) = attributes.target else {
            return .noOpinion(reason: "")
        }
        return NodeRules(node: node, graph: { self.graph }).decide(attributes.verb, resource)
    }

    private var graph: NodeGraph {
        let generation = objects.generation
        if let current = compiled.withLock({ $0 }), current.generation == generation { return current.graph }
        let (all, read) = objects.all()
        let objects = all.compactMap(\.object)
        let pods = objects.compactMap { if case .pod(let pod) = $0 { pod } else { nil } }
        let volumes = objects.compactMap { if case .volume(let volume) = $0 { volume } else { nil } }
        let new = Compiled(graph: NodeGraph(pods: pods, volumes: volumes), generation: read)
        compiled.withLock { if ($0?.generation ?? -1) < read { $0 = new } }
        return new.graph
    }
}

extension UserInfo {
    /// The node whose agent this is.
    package var nodeName: String? {
        guard name.hasPrefix("system:node:"), groups.contains("system:nodes") else { return nil }
        let node = name.dropFirst("system:node:".count)
        return node.isEmpty ? nil : String(node)
    }
}

/// What one node's agent may do. A value over the graph: no store, no clock.
struct NodeRules {
    let node: String
    /// Made of all pods again when one has changed: asked for only where a decision depends on it.
    let graph: () -> NodeGraph

    func decide(_ verb: String, _ resource: RequestAttributes.Resource) -> AuthorizationDecision {
        switch (resource.group, resource.resource) {
        case ("", "secrets"), ("", "configmaps"): return readNamed(verb, resource, verbs: ["get", "list", "watch"])
        case ("", "persistentvolumes"): return readNamed(verb, resource, verbs: ["get"])
        case ("", "persistentvolumeclaims"):
            if resource.subresource == "status" {
                return ["update", "patch"].contains(verb) ? related(resource) : refused("can only update status")
            }
            return readNamed(verb, resource, verbs: ["get"])
        case ("resource.k8s.io", "resourceclaims"): return readNamed(verb, resource, verbs: ["get"])
        case ("", "serviceaccounts"):
            guard resource.subresource == "token" else { return readNamed(verb, resource, verbs: ["get"]) }
            return verb == "create" ? related(resource) : refused("can only create tokens")
        case ("coordination.k8s.io", "leases"): return ownLease(verb, resource)
        case ("storage.k8s.io", "csinodes"): return own(verb, resource, verbs: ["get", "create", "update", "patch", "delete"])
        case ("", "nodes"): return ownNode(verb, resource)
        case ("", "pods"): return ownPods(verb, resource)
        default: return other(verb, resource)
        }
    }

    private func readNamed(_ verb: String, _ resource: RequestAttributes.Resource, verbs: [String]) -> AuthorizationDecision {
        guard verbs.contains(verb) else { return refused("can only read resources of this type") }
        guard resource.subresource.isEmpty else { return refused("cannot read subresources") }
        guard !resource.name.isEmpty else { return refused("No Object name found") }
        return related(resource)
    }

    private func related(_ resource: RequestAttributes.Resource) -> AuthorizationDecision {
        graph().reads(node, resource: resource.resource, namespace: resource.namespace, name: resource.name)
            ? .allowed(reason: "")
            : refused("no relationship found between node '\(node)' and this object")
    }

    private func ownLease(_ verb: String, _ resource: RequestAttributes.Resource) -> AuthorizationDecision {
        guard resource.namespace == "kube-node-lease" else {
            return refused("can only access leases in the \"kube-node-lease\" system namespace")
        }
        // A name cannot be known of a create.
        if verb == "create", resource.name.isEmpty { return .allowed(reason: "") }
        return own(verb, resource, verbs: ["get", "create", "update", "patch", "delete"])
    }

    private func own(_ verb: String, _ resource: RequestAttributes.Resource, verbs: [String]) -> AuthorizationDecision {
        guard verbs.contains(verb), resource.subresource.isEmpty else { return refused("can only get, create, update, patch, or delete") }
        if verb == "create", resource.name.isEmpty { return .allowed(reason: "") }
        return resource.name == node
            ? .allowed(reason: "") : refused("can only access \(resource.resource) with the same name as the requesting node")
    }

    /// Nodes are read freely by the role `system:node`'s old way; here only the own one, and lists and watches narrowed to it.
    private func ownNode(_ verb: String, _ resource: RequestAttributes.Resource) -> AuthorizationDecision {
        switch verb {
        case "create" where resource.subresource.isEmpty: return .allowed(reason: "")
        case "get", "list", "watch":
            let isOwn = resource.name == node || resource.fieldSelector?.requiredValue(of: "metadata.name") == node
            return isOwn ? .allowed(reason: "") : refused("node '\(node)' cannot read '\(resource.name)', only its own Node object")
        case "update", "patch":
            let isOwn = resource.name == node && ["", "status"].contains(resource.subresource)
            return isOwn ? .allowed(reason: "") : refused("can only update its own Node object")
        default: return refused("nodes are not for node agents to \(verb)")
        }
    }

    private func ownPods(_ verb: String, _ resource: RequestAttributes.Resource) -> AuthorizationDecision {
        switch (verb, resource.subresource) {
        case ("get", ""): return related(resource)
        case ("list", ""), ("watch", ""):
            let isNarrow = resource.fieldSelector?.requiredValue(of: "spec.nodeName") == node
            if !isNarrow, !resource.name.isEmpty { return related(resource) }
            return isNarrow ? .allowed(reason: "") : refused("can only list/watch pods with spec.nodeName field selector")
        // Admission (NodeRestriction) sees to it that they are mirror pods, and its own.
        case ("create", ""), ("delete", ""), ("update", "status"), ("patch", "status"), ("create", "eviction"): return .allowed(reason: "")
        default: return refused("can only \(verb) pods of its own")
        }
    }

    /// What every agent needs: services, events, certificates, reviews, classes.
    private func other(_ verb: String, _ resource: RequestAttributes.Resource) -> AuthorizationDecision {
        let attributes = RequestAttributes(user: UserInfo(name: ""), verb: verb, resource: resource)
        return Self.rules.contains { $0.allows(attributes) } ? .allowed(reason: "") : .noOpinion(reason: "")
    }

    /// The part of upstream's NodeRules that does not name objects.
    private static let rules = [
        PolicyRule(verbs: ["create"], apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"]),
        PolicyRule(
            verbs: ["create"], apiGroups: ["authorization.k8s.io"], resources: ["localsubjectaccessreviews", "subjectaccessreviews"]),
        PolicyRule(verbs: ["get", "list", "watch"], apiGroups: [""], resources: ["services"]),
        PolicyRule(verbs: ["create", "patch", "update"], apiGroups: ["", "events.k8s.io"], resources: ["events"]),
        PolicyRule(
            verbs: ["create", "get", "list", "watch"], apiGroups: ["certificates.k8s.io"], resources: ["certificatesigningrequests"]),
        PolicyRule(verbs: ["get", "list", "watch"], apiGroups: ["node.k8s.io"], resources: ["runtimeclasses"]),
        PolicyRule(verbs: ["get", "list", "watch"], apiGroups: ["storage.k8s.io"], resources: ["csidrivers", "storageclasses"]),
        PolicyRule(verbs: ["get"], apiGroups: ["storage.k8s.io"], resources: ["volumeattachments"]),
    ]

    private func refused(_ reason: String) -> AuthorizationDecision { .noOpinion(reason: reason) }
}
