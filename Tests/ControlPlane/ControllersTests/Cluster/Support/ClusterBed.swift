import APIMachinery
import APIServer
@testable import Controllers
import KubernetesAPI
@testable import KubernetesClient
import Storage
import Synchronization
import TestSupport
import Testing

/// A real API server in memory, the controllers of a test, and what they write.
final class ClusterBed: Sendable {
    let server: APIServer
    let storage: MemoryStorage
    let writes = Mutex<[RecordedWrite]>([])
    let reports = Mutex<[String]>([])
    /// After so many writes of controllers everything they send is lost.
    let writeLimit = Mutex<Int?>(nil)

    init(storage: MemoryStorage = MemoryStorage(), namespaces: [String] = ["default"]) async throws {
        self.storage = storage
        let configuration = APIServer.Configuration(admission: DefaultAdmission.plugins(webhooks: nil))
        server = try await APIServer(storage: storage, configuration: configuration)
        for name in namespaces { try await makeNamespace(name) }
    }

    /// With the account that pods can't do without.
    func makeNamespace(_ name: String) async throws {
        do throws(ClientError) {
            _ = try await admin.resource(Namespace.self).create(Namespace { $0.metadata.name = name })
        } catch {
            guard error.isAlreadyExists else { throw error }
        }
        _ = try? await admin.resource(ServiceAccount.self, namespace: name).create(ServiceAccount { $0.metadata.name = "default" })
    }

    /// The administrator.
    var admin: Client { client("client", groups: ["system:masters"]) }

    func client(_ user: String, groups: [String]) -> Client {
        let caller = Caller(user: UserInfo(name: user, groups: groups + ["system:authenticated"]))
        let handle: @Sendable (APIRequest) async -> APIResponse = { [self] request in
            let info = RequestInfo(request)
            if user != "client", isCutOff { return APIResponse(status: 503, body: .bytes([])) }
            let response = await server.handle(request, info: info, from: caller)
            if ["create", "update", "patch", "delete", "deletecollection"].contains(info.verb) {
                record(RecordedWrite(user: user, request: request, info: info, status: response.status))
            }
            return response
        }
        return Client(transport: DirectTransport(handle), userAgent: user)
    }

    private var isCutOff: Bool { writeLimit.withLock { $0.map { $0 <= 0 } ?? false } }

    private func record(_ write: RecordedWrite) {
        if write.user != "client" { writeLimit.withLock { if let left = $0 { $0 = left - 1 } } }
        writes.withLock { $0.append(write) }
    }

    /// Runs controllers beside the body.
    func run(
        _ types: [any Controller.Type], time: any TimeSource = MachineTime(), settings: ControllerSettings = .init(),
        _ body: () async throws -> Void
    ) async throws {
        let informers = SharedInformers(client("informers", groups: ["system:masters"]), time: time)
        let manager = ControllerManager(types, informers: informers, time: time, settings: settings, report: { [self] in note($0) }) {
            user, _ in
            client(String(user.split(separator: ":").last ?? ""), groups: ["system:masters"])
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await informers.run() }
            group.addTask { await manager.run() }
            do { try await body() } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
        }
    }

    private func note(_ line: String) { reports.withLock { $0.append(line) } }

    /// What controllers wrote with success, one line each: `namespace-controller update namespaces/x/status`.
    func lines(by user: String? = nil) -> [String] {
        writes.withLock { $0 }.filter { $0.user != "client" && $0.status < 400 && (user == nil || $0.user == user) }.map(\.line)
    }

    func names<Object: KubernetesObject>(_ type: Object.Type, in namespace: String? = nil) async throws -> [String] {
        try await admin.resource(type, namespace: namespace).list().items.compactMap(\.metadata.name).sorted()
    }

    func isGone<Object: KubernetesObject>(_ type: Object.Type, _ name: String, in namespace: String? = "default") async -> Bool {
        do throws(ClientError) { _ = try await admin.resource(type, namespace: namespace).get(name) } catch { return error.isNotFound }
        return false
    }
}

struct RecordedWrite: Sendable {
    var user: String
    var verb: String
    var resource: String
    var name: String
    var subresource: String
    var body: JSONValue?
    var status: Int

    init(user: String, request: APIRequest, info: RequestInfo, status: Int) {
        self.user = user
        self.status = status
        verb = info.verb
        resource = info.resource
        name = info.name
        subresource = info.subresource
        body = try? JSONValue(parsing: request.body)
    }

    var line: String { "\(user) \(verb) \(resource)/\(name)\(subresource.isEmpty ? "" : "/\(subresource)")" }
}

/// Waits for what controllers are about to do, and fails the test when it doesn't come.
func expectEventually(
    _ what: String, within limit: Duration = .seconds(120), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let came = try await eventually(within: limit, condition)
    #expect(came, "\(what)", sourceLocation: sourceLocation)
}

/// A ConfigMap owned by others.
func owned(_ name: String, by owners: [KubernetesAPI.ConfigMap] = [], blocking: Bool = true, finalizers: [String] = [])
    -> KubernetesAPI.ConfigMap
{
    KubernetesAPI.ConfigMap {
        $0.metadata.name = name
        $0.metadata.finalizers = finalizers
        $0.metadata.ownerReferences = owners.map { owner in
            OwnerReference {
                $0.apiVersion = "v1"
                $0.kind = "ConfigMap"
                $0.name = owner.metadata.name ?? ""
                $0.uid = owner.metadata.uid ?? ""
                if blocking { $0.blockOwnerDeletion = true }
            }
        }
    }
}
