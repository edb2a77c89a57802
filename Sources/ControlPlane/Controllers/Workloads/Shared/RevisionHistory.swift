internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// The templates that an object has had, kept as ControllerRevisions: a pure comparison, and the writes that follow from it.
struct RevisionHistory: Sendable {
    /// Names in which DaemonSets and StatefulSets differ.
    struct Style: Sendable {
        /// The label that bears the hash.
        var hashLabel: String
        /// Copied from the owner.
        var annotation: String?
    }
    static let daemonSets = Style(hashLabel: "controller-revision-hash", annotation: "deprecated.daemonset.template.generation")
    static let statefulSets = Style(hashLabel: "controller.kubernetes.io/hash")

    /// The revision of the present template, and what must be written for it.
    enum Present: Hashable {
        case unchanged(ControllerRevision)
        /// The template was there before: it becomes the newest again.
        case renumbered(ControllerRevision)
        case new(ControllerRevision)
    }

    /// The part of an object that is kept, as a patch that brings it back.
    static func data(of template: PodTemplateSpec) -> JSONValue {
        var template = sorted(template.json).objectValue ?? JSONObject()
        var members = JSONObject()
        members.append("$patch", "replace")
        for member in template.members { members.append(member.key, member.value) }
        template = members
        return ["spec": ["template": .object(template)]]
    }

    /// - Parameters:
    ///   - revisions: All that the owner has.
    ///   - labels: The template's.
    static func present(
        of owner: Owner, template: PodTemplateSpec, _ revisions: [ControllerRevision], collisionCount: Int32?, style: Style,
        annotations: [String: String]
    ) -> Present {
        let data = data(of: template)
        let last = revisions.map(\.revision).max() ?? 0
        let equal = revisions.filter { $0.data.map { sorted($0) } == data }.max { $0.revision < $1.revision }
        if var equal {
            guard equal.revision < last else { return .unchanged(equal) }
            equal.revision = last + 1
            return .renumbered(equal)
        }
        let hash = TemplateHash.of(data.serialized(.compact), collisionCount: collisionCount)
        return .new(
            ControllerRevision {
                $0.metadata.name = "\(owner.name)-\(hash)"
                $0.metadata.namespace = owner.namespace
                $0.metadata.labels = template.metadata.labels
                $0.metadata.labels[style.hashLabel] = hash
                if let name = style.annotation { $0.metadata.annotations[name] = annotations[name] }
                $0.metadata.ownerReferences = [owner.reference]
                $0.data = data
                $0.revision = last + 1
            })
    }

    /// The oldest beyond the limit that nobody lives by.
    static func surplus(_ revisions: [ControllerRevision], limit: Int32?, live: Set<String>) -> [ControllerRevision] {
        let dead = revisions.filter { !live.contains($0.metadata.name ?? "") }.sorted { $0.revision < $1.revision }
        return Array(dead.prefix(max(0, dead.count - Int(limit ?? 10))))
    }

    /// The members of all objects in the order of their names: two writings of the same are equal.
    private static func sorted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            var result = JSONObject()
            for member in object.members.sorted(by: { $0.key < $1.key }) { result.append(member.key, sorted(member.value)) }
            return .object(result)
        case .array(let elements): return .array(elements.map { sorted($0) })
        default: return value
        }
    }
}

/// Writes ControllerRevisions.
struct RevisionWriter: Sendable {
    enum Outcome {
        case present(ControllerRevision)
        /// The name belongs to something else: the hash must become another.
        case collision
    }
    let client: Client
    let written: OwnWrites<ControllerRevision>

    func write(_ present: RevisionHistory.Present, for owner: Owner) async throws(ClientError) -> Outcome {
        let resource = client.resource(ControllerRevision.self, namespace: owner.namespace)
        switch present {
        case .unchanged(let revision): return .present(revision)
        case .renumbered(let revision):
            let answer = try await resource.update(revision)
            written.wrote(answer, for: owner.key)
            return .present(answer)
        case .new(let revision):
            do throws(ClientError) {
                let answer = try await resource.create(revision)
                written.wrote(answer, for: owner.key)
                return .present(answer)
            } catch {
                guard error.isAlreadyExists else { throw error }
                let there = try await resource.get(revision.metadata.name ?? "")
                return there.metadata.isControlled(by: owner) && there.data == revision.data ? .present(there) : .collision
            }
        }
    }

    func delete(_ revisions: [ControllerRevision], for owner: Owner) async throws(ClientError) {
        for revision in revisions {
            written.willDelete(revision, for: owner.key)
            do throws(ClientError) {
                try await client.resource(ControllerRevision.self, namespace: owner.namespace).delete(revision.metadata.name ?? "")
            } catch {
                written.didNotDelete(revision, for: owner.key)
                if !error.isNotFound { throw error }
            }
        }
    }
}
