import APIMachinery
@testable import ControlPlane
import HTTPClient
import KubernetesAPI
import KubernetesClient
import Storage
import Synchronization
import TestSupport
import Testing

/// The client's parts over HTTPS against the whole server.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ClientTests {
    /// A server, and ways to reach it.
    private struct Cluster {
        let server: ControlPlaneServer
        let folder: String

        var port: Int { Int(server.url.split(separator: ":").last ?? "") ?? 0 }

        func transport(user: String? = "admin", token: String? = nil) throws -> HTTPSTransport {
            func file(_ name: String) throws -> [UInt8] { Array(try #require(try SecretFile.read("\(folder)/pki/\(name)")).utf8) }
            let address = ServerAddress(
                host: "127.0.0.1", port: port, certificateAuthority: try file("ca.crt"),
                clientCertificate: try user.map { .init(chain: try file("\($0).crt"), key: try file("\($0).key")) })
            return try HTTPSTransport(address, token: { token })
        }

        func client() throws -> Client { Client(transport: try transport(), userAgent: "tests") }
        func maps() throws -> ResourceClient<ConfigMap> { try client().resource(ConfigMap.self, namespace: "default") }
    }

    private func run(_ store: ControlPlaneServer.Configuration.Store = .memory, _ body: (Cluster) async throws -> Void) async throws {
        let folder = "/tmp/swiftlet-client-\(UInt64.random(in: 0..<UInt64.max))"
        do {
            let server = try await start(folder, store)
            do { try await body(Cluster(server: server, folder: folder)) } catch {
                await server.stop()
                throw error
            }
            await server.stop()
        } catch {
            _ = try? await TestSupport.shell("rm -rf \(folder)")
            throw error
        }
        _ = try? await TestSupport.shell("rm -rf \(folder)")
    }

    private func start(_ folder: String, _ store: ControlPlaneServer.Configuration.Store, port: Int = 0) async throws -> ControlPlaneServer
    {
        var configuration = ControlPlaneServer.Configuration(dataDirectory: folder, listenPort: port)
        configuration.store = store
        return try await ControlPlaneServer.start(configuration)
    }

    private func map(_ name: String, _ data: [String: String] = [:]) -> ConfigMap {
        ConfigMap {
            $0.metadata.name = name
            $0.metadata.namespace = "default"
            $0.data = data
        }
    }

    @Test func `who shows nothing may read nothing, and is told why`() async throws {
        try await run { cluster in
            let nobody = Client(transport: try cluster.transport(user: nil), userAgent: "tests").resource(
                ConfigMap.self, namespace: "default")
            let forbidden = await #expect(throws: ClientError.self) { _ = try await nobody.list() }
            #expect(forbidden?.status?.reason == .forbidden)
            let liar = Client(transport: try cluster.transport(user: nil, token: "a.b.c"), userAgent: "tests")
            let unauthorized = await #expect(throws: ClientError.self) {
                _ = try await liar.resource(ConfigMap.self, namespace: "default").list()
            }
            #expect(unauthorized?.status?.reason == .unauthorized)
        }
    }

    /// The certificate that the server shows of itself is signed by the same authority, but is not for clients.
    @Test func `a server's certificate is none for a client`() async throws {
        try await run { cluster in
            let client = Client(transport: try cluster.transport(user: "apiserver"), userAgent: "tests")
            await #expect(throws: ClientError.self) { _ = try await client.resource(ConfigMap.self, namespace: "default").list() }
        }
    }

    @Test func `a large collection comes in pieces of one revision`() async throws {
        try await run { cluster in
            let maps = try cluster.maps()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<8 {
                    group.addTask { for number in 0..<150 { _ = try await maps.create(map("m-\(worker)-\(number)", ["v": "1"])) } }
                }
                try await group.waitForAll()
            }
            let first = try await maps.list(ListOptions { $0.limit = 500 })
            #expect(first.items.count == 500)
            _ = try await maps.create(map("late"))
            let all = try await maps.listAll(pageSize: 500)
            #expect(Set(all.items.compactMap(\.metadata.name)).count == all.items.count)
            #expect(all.items.count(where: { $0.metadata.name?.hasPrefix("m-") == true }) == 1200)
            var next = ListOptions { $0.continue = first.metadata.continue }
            next.limit = 5000
            let rest = try await maps.list(next)
            #expect(!rest.items.contains { $0.metadata.name == "late" })
            #expect(rest.metadata.resourceVersion == first.metadata.resourceVersion)
        }
    }

    @Test func `a watch begins with what is there, then says that this was all`() async throws {
        try await run { cluster in
            let maps = try cluster.maps()
            _ = try await maps.create(map("a"))
            var options = ListOptions()
            options.sendsInitialEvents = true
            options.allowsBookmarks = true
            options.resourceVersionMatch = "NotOlderThan"
            options.fieldSelector = "metadata.name=a"
            var seen: [String] = []
            for try await event in try await maps.watch(options) {
                switch event {
                case .added(let map): seen.append("added \(map.metadata.name ?? "")")
                case .modified(let map): seen.append("modified \(map.data["v"] ?? "")")
                case .deleted: seen.append("deleted")
                case .bookmark(_, let endsInitialEvents): seen.append("bookmark \(endsInitialEvents)")
                }
                switch seen.count {
                case 2: _ = try await maps.update(map("a", ["v": "2"]))
                case 3: try await maps.delete("a")
                default: break
                }
                if seen.count == 4 { break }
            }
            #expect(seen == ["added a", "bookmark true", "modified 2", "deleted"])
        }
    }

    @Test func `an informer finds back to a server that was started anew`() async throws {
        try await run(.sqlite) { cluster in
            let maps = try cluster.maps()
            _ = try await maps.create(map("a"))
            let informer = Informer(maps)
            let running = Task { await informer.run() }
            defer { running.cancel() }
            await informer.waitForSync()
            #expect(informer[ObjectKey(namespace: "default", name: "a")] != nil)
            let port = cluster.port
            await cluster.server.stop()
            let again = try await start(cluster.folder, .sqlite, port: port)
            _ = try await maps.create(map("b"))
            #expect(try await eventually { informer[ObjectKey(namespace: "default", name: "b")] != nil })
            await again.stop()
        }
    }

    @Test func `an informer that was cut off while revisions were forgotten lists again`() async throws {
        try await run { cluster in
            let direct = try cluster.maps()
            let cut = CuttableTransport(try cluster.transport())
            let failures = Mutex<[ClientError]>([])
            for name in ["gone", "same", "changed"] { _ = try await direct.create(map(name)) }
            let informer = Informer(Client(transport: cut, userAgent: "tests").resource(ConfigMap.self, namespace: "default")) { error in
                failures.withLock { $0.append(error) }
            }
            let running = Task { await informer.run() }
            defer { running.cancel() }
            await informer.waitForSync()
            cut.cut()
            try await direct.delete("gone")
            _ = try await direct.update(map("changed", ["v": "2"]))
            for number in 0..<600 { _ = try await direct.create(map("new-\(number)")) }
            try await cluster.server.storage.compact(before: cluster.server.storage.currentRevision)
            cut.mend()
            #expect(try await eventually { informer.objects().count { $0.metadata.name?.hasPrefix("new-") == true } == 600 })
            #expect(informer[ObjectKey(namespace: "default", name: "gone")] == nil)
            #expect(informer[ObjectKey(namespace: "default", name: "changed")]?.data["v"] == "2")
            #expect(failures.withLock { $0.contains(where: \.isExpired) })
        }
    }

    @Test func `two candidates take turns`() async throws {
        try await run { cluster in
            let client = try cluster.client()
            func election(_ identity: String) -> LeaderElection {
                LeaderElection(
                    client: client, namespace: "kube-system", name: "turns", identity: identity, leaseDuration: .seconds(60),
                    renewDeadline: .seconds(40), retryPeriod: .milliseconds(50))
            }
            let (first, second) = (Gate(), Gate())
            let one = Task {
                await election("one").run {
                    first.open(); try? await Gate().wait()
                }
            }
            try await first.wait()
            let two = Task {
                await election("two").run {
                    second.open(); try? await Gate().wait()
                }
            }
            let leases = client.resource(Lease.self, namespace: "kube-system")
            #expect(try await leases.get("turns").spec.holderIdentity == "one")
            one.cancel()
            await one.value
            try await second.wait()
            #expect(try await leases.get("turns").spec.holderIdentity == "two")
            two.cancel()
            await two.value
            #expect(try await leases.get("turns").spec.holderIdentity == nil)
        }
    }
}

/// A transport that a test cuts: bodies under way end, and requests fail until it is mended.
final class CuttableTransport: Transport {
    private struct State {
        var isCut = false
        var bodies: [ByteStream] = []
    }
    private let state = Mutex(State())
    private let inner: any Transport

    init(_ inner: any Transport) { self.inner = inner }

    func cut() {
        let bodies = state.withLock { state in
            state.isCut = true
            defer { state.bodies = [] }
            return state.bodies
        }
        for body in bodies { body.fail(TransportError("cut")) }
    }

    func mend() { state.withLock { $0.isCut = false } }

    func send(_ request: APIRequest) async throws(TransportError) -> TransportResponse {
        if state.withLock({ $0.isCut }) { throw TransportError("cut") }
        let response = try await inner.send(request)
        let isCut = state.withLock { state in
            if !state.isCut { state.bodies.append(response.body) }
            return state.isCut
        }
        if isCut { response.body.fail(TransportError("cut")) }
        return response
    }
}
