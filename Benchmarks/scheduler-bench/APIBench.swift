import APIMachinery
import APIServer
import Glibc
import KubernetesAPI
import KubernetesClient
import Scheduler
import Storage
import StorageSQLite

/// Through the API server's whole pipeline and a store on the disk: pods are created, then the scheduler begins; how long until the last is bound.
struct APIBench {
    let nodes = 1000
    let pods = 5000

    func run() async throws {
        let folder = "\(getenv("TMPDIR").map { String(cString: $0) } ?? "/var/tmp")/scheduler-bench-\(getpid())"
        defer { print("the store is left in \(folder)") }
        let storage = try SQLiteStorage(directory: folder)
        let server = try await APIServer(storage: storage, configuration: APIServer.Configuration(admission: [NamespaceLifecycle()]))
        let client = Client(transport: DirectTransport { await server.handle($0, from: .system) }, userAgent: "scheduler-bench")
        _ = try await client.resource(Namespace.self).create(Namespace { $0.metadata.name = "default" })
        for index in 0..<nodes { _ = try await client.resource(Node.self).create(BenchCluster.node(index)) }
        try await createPods(client)
        let informers = SharedInformers(client)
        let events = EventRecorder(client, component: "default-scheduler")
        let scheduler = Scheduler(client: client, informers: informers, events: events)
        let bound = informers.informer(Pod.self)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await informers.run() }
            group.addTask { await events.run() }
            await informers.waitForSync()
            let time = MachineTime()
            let begin = time.now
            group.addTask { await scheduler.run() }
            while bound.objects().contains(where: { $0.spec.nodeName == nil }) { try? await time.sleep(for: .milliseconds(20)) }
            let took = time.now - begin
            let length = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
            print("\(pods) pods on \(nodes) nodes through the API server: \(took): \(Int(Double(pods) / length)) pods/s")
            group.cancelAll()
        }
    }

    private func createPods(_ client: Client) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for start in 0..<16 {
                group.addTask {
                    for index in stride(from: start, to: pods, by: 16) {
                        var pod = BenchCluster.pod(index, .plain)
                        pod.metadata.uid = nil
                        _ = try await client.resource(Pod.self, namespace: "default").create(pod)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
