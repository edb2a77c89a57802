import APIMachinery
import KubernetesAPI
import KubernetesClient
import Testing

/// The process of scheduler and controllers may end at any write: who comes after it finishes the work, and nothing is there twice.
@Suite(.timeLimit(.minutes(10))) struct CrashConsistencyTests {
    private struct Outcome: Equatable, Sendable {
        var objects: [String]
        var writes: Int
        static func == (left: Outcome, right: Outcome) -> Bool { left.objects == right.objects }
    }

    /// A Deployment that is updated, a StatefulSet that grows, an indexed Job.
    private static func run(cutAfter count: Int?) async throws -> Outcome {
        try await World.run(seed: 5) { world in
            world.transport.change { $0.writesLeft = count }
            world.start(nodes: 2)
            func settle(_ condition: () async throws -> Bool) async throws {
                let isSettled = try await world.settles {
                    if world.transport.isCut {
                        for part in [World.Part.controllers, .scheduler] { await world.stop(part) }
                        world.transport.change { $0.writesLeft = nil }
                        world.start([.controllers, .scheduler])
                    }
                    return try await condition()
                }
                #expect(isSettled, "cut after \(count ?? -1) writes")
            }
            _ = try await world.resource(Deployment.self).create(deployment("web", 2))
            _ = try await world.resource(StatefulSet.self).create(statefulSet("db", 1))
            _ = try await world.resource(Job.self).create(indexedJob("sums", completions: 2, parallelism: 1))
            try await settle { try await isComplete(world, replicas: 1) }
            _ = try await world.resource(Deployment.self).patch("web", .merge, ["spec": ["template": ["metadata": ["annotations": ["v": "2"]]]]])
            _ = try await world.resource(StatefulSet.self).patch("db", .merge, ["spec": ["replicas": 2]])
            try await settle { try await isComplete(world, replicas: 2) }
            return Outcome(objects: try await summary(world), writes: world.transport.writes.count { !$0.hasPrefix("system:node:") })
        }
    }

    private static func isComplete(_ world: World, replicas: Int32) async throws -> Bool {
        let web = try await world.resource(Deployment.self).get("web")
        let db = try await world.resource(StatefulSet.self).get("db")
        let job = try await world.resource(Job.self).get("sums")
        let pods = try await world.list(Pod.self)
        return web.status.observedGeneration == web.metadata.generation && web.status.updatedReplicas == 2 && web.status.replicas == 2
            && web.status.availableReplicas == 2 && db.status.observedGeneration == db.metadata.generation
            && db.status.availableReplicas == replicas && db.status.currentReplicas == replicas
            && job.status.conditions.contains { $0.type == "Complete" && $0.status == "True" }
            && pods.count == 2 + Int(replicas) + 2 && pods.allSatisfy { $0.metadata.deletionTimestamp == nil }
    }

    /// Everything but names that were made up and times.
    private static func summary(_ world: World) async throws -> [String] {
        var lines: [String] = []
        for set in try await world.list(ReplicaSet.self) {
            let revision = set.metadata.annotations["deployment.kubernetes.io/revision"] ?? ""
            lines.append("replicaset revision \(revision): \(set.spec.replicas ?? -1), \(set.status.replicas) there")
        }
        for pod in try await world.list(Pod.self) {
            let kind = pod.metadata.ownerReferences.first?.kind ?? ""
            let name = kind == "StatefulSet" ? pod.metadata.name ?? "" : ""
            let index = pod.metadata.annotations["batch.kubernetes.io/job-completion-index"] ?? ""
            lines.append("pod of \(kind) \(name)\(index): \(pod.status.phase ?? ""), finalizers \(pod.metadata.finalizers)")
        }
        for job in try await world.list(Job.self) { lines.append("job: \(job.status.succeeded ?? 0), \(job.status.completedIndexes ?? "")") }
        lines.append("revisions: \(try await world.list(ControllerRevision.self).count)")
        return lines.sorted()
    }

    @Test func `cut off at any write, everything ends the same`() async throws {
        let whole = try await Self.run(cutAfter: nil)
        #expect(whole.objects.count == 10, "\(whole.objects)")
        // Every one in `make soak`; here as many as a minute allows, spread over the whole.
        let step = Soak.isOn ? 1 : max(1, whole.writes / 25)
        for count in stride(from: 0, to: whole.writes, by: step) {
            let cut = try await Self.run(cutAfter: count)
            #expect(cut == whole, "cut after \(count) of \(whole.writes) writes: \(cut.objects)")
        }
    }
}
