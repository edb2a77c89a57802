import APIMachinery
import KubernetesAPI
import KubernetesClient
import Testing

/// Random faults, and what must hold all the same.
@Suite(.timeLimit(.minutes(60))) struct FaultTests {
    /// What a run came to; the same for the same seed.
    struct Record: Equatable, Sendable {
        var problems: [String] = []
        var steps: [String] = []
        var looks = 0
    }

    @Test(arguments: Soak.seeds(2))
    func `promises hold whatever happens on the way, and in the end all is as asked for`(seed: UInt64) async throws {
        let record = try await Self.run(seed)
        #expect(record.problems.isEmpty, "SWIFTLET_SEED=\(seed):\n\((record.problems + record.steps).joined(separator: "\n"))")
        #expect(record.looks > 200)
    }

    static func run(_ seed: UInt64) async throws -> Record {
        try await World.run(seed: seed, controllers: World.cleaning) { world in
            var story = Story(world, seed: seed)
            try await story.begin()
            for _ in 0..<12 { try await story.step() }
            try await story.calm()
            try await story.clear()
            return Record(problems: story.problems + world.invariants.problems, steps: story.steps, looks: world.invariants.looks)
        }
    }
}

/// A Deployment, a StatefulSet and an indexed Job under a quota, whose owner changes them while things go wrong.
struct Story {
    private static let quota = 24
    private let world: World
    private var random: SeededRandom
    private var replicas: Int32 = 6
    private var ordinals: Int32 = 3
    private var version = 1
    private(set) var steps: [String] = []
    private(set) var problems: [String] = []

    init(_ world: World, seed: UInt64) {
        self.world = world
        random = SeededRandom(seed: seed &* 31)
    }

    mutating func begin() async throws {
        _ = try await world.resource(ResourceQuota.self).create(
            ResourceQuota {
                $0.metadata.name = "pods"
                $0.spec.hard = ["pods": Quantity(Int64(Self.quota))]
            })
        world.invariants.limitPods(to: Self.quota)
        world.start()
        var web = deployment("web", replicas)
        web.spec.strategy.rollingUpdate = RollingUpdateDeployment {
            $0.maxUnavailable = .int(1)
            $0.maxSurge = .int(1)
        }
        _ = try await world.resource(Deployment.self).create(web)
        _ = try await world.resource(StatefulSet.self).create(statefulSet("db", ordinals, parallel: random.next() % 2 == 0))
        _ = try await world.resource(Job.self).create(indexedJob("sums", completions: 8, parallelism: 3))
        world.invariants.promise(Int(replicas) - 1, of: "web")
        world.transport.change { $0.conflicts = 10 }
    }

    /// One thing that happens, and some time after it.
    mutating func step() async throws {
        switch Int.random(in: 0..<9, using: &random) {
        case 0, 1: try await update()
        case 2: try await scale()
        case 3: try await loseStatefulPod()
        case 4: await restart(.controllers)
        case 5: await restart(.scheduler)
        case 6: await restart(.nodes)
        case 7:
            let count = Int.random(in: 1...10, using: &random)
            note("lose \(count) watches")
            for _ in 0..<count { world.transport.loseWatch() }
        default:
            let (node, delay) = (Int.random(in: 0..<4, using: &random), Int.random(in: 1...8, using: &random))
            note("node \(node) takes \(delay) s for everything")
            world.transport.change { $0.slow = ["system:node:sim-\(node)": .seconds(delay)] }
        }
        await world.pass(.milliseconds(Int.random(in: 0...20_000, using: &random)))
    }

    private mutating func note(_ text: String) { steps.append("\(world.time.now): \(text)") }

    private mutating func update() async throws {
        version += 1
        note("update to version \(version)")
        _ = try await world.resource(Deployment.self).patch(
            "web", .strategicMerge, ["spec": ["template": ["spec": ["containers": [["name": "c", "image": .string("image:\(version)")]]]]]])
    }

    private mutating func scale() async throws {
        let (web, db) = (Int32.random(in: 2...10, using: &random), Int32.random(in: 1...5, using: &random))
        note("scale web from \(replicas) to \(web), db from \(ordinals) to \(db)")
        // Down: at once. Up: once they have been there.
        world.invariants.promise(Int(min(web, replicas)) - 1, of: "web")
        (replicas, ordinals) = (web, db)
        _ = try await world.resource(Deployment.self).patch("web", .merge, ["spec": ["replicas": .integer(Int64(web))]])
        _ = try await world.resource(StatefulSet.self).patch("db", .merge, ["spec": ["replicas": .integer(Int64(db))]])
    }

    /// Somebody deletes a pod; not one of those that are promised.
    private mutating func loseStatefulPod() async throws {
        let own = try await world.list(Pod.self).filter { $0.metadata.labels["app"] == "db" }
        guard let pod = own.randomElement(using: &random), let name = pod.metadata.name else { return }
        note("delete pod \(name)")
        try? await world.resource(Pod.self).delete(name)
    }

    private mutating func restart(_ part: World.Part) async {
        note("restart the \(part)")
        await world.restart(part)
    }

    // MARK: The end

    /// Nothing goes wrong any more: all becomes as it is asked for.
    mutating func calm() async throws {
        note("calm")
        world.transport.change {
            $0.conflicts = 0
            $0.slow = [:]
        }
        let (replicas, ordinals) = (replicas, ordinals)
        let isSo = try await world.settles(within: .seconds(1800)) {
            let web = try await world.resource(Deployment.self).get("web")
            let db = try await world.resource(StatefulSet.self).get("db")
            let job = try await world.resource(Job.self).get("sums")
            return web.status.observedGeneration == web.metadata.generation && web.status.updatedReplicas == replicas
                && web.status.replicas == replicas && web.status.availableReplicas == replicas
                && db.status.observedGeneration == db.metadata.generation && db.status.replicas == ordinals
                && db.status.availableReplicas == ordinals && job.status.succeeded == 8
        }
        guard !isSo else { return }
        let web = try await world.resource(Deployment.self).get("web").status.json
        let db = try await world.resource(StatefulSet.self).get("db").status.json
        let job = try await world.resource(Job.self).get("sums").status.json
        problems.append("not as asked for: web (\(replicas)) \(web), db (\(ordinals)) \(db), job \(job)")
    }

    /// Who is deleted takes all that is his along.
    mutating func clear() async throws {
        note("clear")
        world.invariants.promise(nil, of: "web")
        try await world.resource(Deployment.self).delete("web", propagationPolicy: "Background")
        try await world.resource(StatefulSet.self).delete("db", propagationPolicy: "Foreground")
        try await world.resource(Job.self).delete("sums", propagationPolicy: "Background")
        var left: [String] = []
        let isClear = try await world.settles(within: .seconds(600)) {
            left = try await world.list(Pod.self).map { "pod \($0.metadata.name ?? "")" }
            left += try await world.list(ReplicaSet.self).map { "replicaset \($0.metadata.name ?? "")" }
            left += try await world.list(ControllerRevision.self).map { "revision \($0.metadata.name ?? "")" }
            return left.isEmpty
        }
        if !isClear { problems.append("orphans: \(left.joined(separator: ", "))") }
    }
}
