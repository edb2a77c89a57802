import APIMachinery
import Glibc
import KubernetesAPI
import KubernetesClient
import LinuxSystem
import NetworkTesting
import Synchronization
import TestSupport
import Testing

@testable import ServiceProxy

struct ServiceHealthTests {
    private static func service(port: Int32 = 30_123, _ change: (inout Service) -> Void = { _ in }) -> Service {
        var service = Service { $0.metadata.name = "web" }
        service.metadata.namespace = "shop"
        service.spec.type = "LoadBalancer"
        service.spec.externalTrafficPolicy = "Local"
        service.spec.healthCheckNodePort = port
        change(&service)
        return service
    }

    private static func slice(_ endpoints: [(address: String, node: String, isReady: Bool)]) -> EndpointSlice {
        EndpointSlice {
            $0.addressType = "IPv4"
            $0.endpoints = endpoints.map { endpoint in
                Endpoint {
                    $0.addresses = [endpoint.address]
                    $0.nodeName = endpoint.node
                    $0.conditions = EndpointConditions { $0.ready = endpoint.isReady }
                }
            }
        }
    }

    @Test func `ready endpoints of this node count, each address once`() throws {
        let slices = [
            Self.slice([("10.0.0.1", "here", true), ("10.0.0.2", "here", false), ("10.0.1.1", "there", true)]),
            Self.slice([("10.0.0.1", "here", true), ("10.0.0.3", "here", true)]),
        ]
        let health = try #require(ServiceHealth(Self.service(), slices, nodeName: "here"))
        #expect(health.localEndpoints == 2 && health.port == 30_123)
        #expect(ServiceHealth(Self.service { $0.spec.externalTrafficPolicy = "Cluster" }, slices, nodeName: "here") == nil)
        #expect(ServiceHealth(Self.service { $0.spec.type = "NodePort" }, slices, nodeName: "here") == nil)
    }

    @Test(arguments: [(2, true, 200), (0, true, 503), (2, false, 503)])
    func `the answer is kube-proxy's`(count: Int, isHealthy: Bool, status: Int) throws {
        var health = try #require(ServiceHealth(Self.service(), [], nodeName: "here"))
        health.localEndpoints = count
        let response = health.response(isProxyHealthy: isHealthy)
        #expect(response.status == status && response.headers["X-Load-Balancing-Endpoint-Weight"] == "\(count)")
        guard case .bytes(let bytes) = response.body else { throw NoBytes() }
        let body = try JSONValue(parsing: bytes)
        #expect(
            body == [
                "service": ["namespace": "shop", "name": "web"], "localEndpoints": .integer(Int64(count)),
                "serviceProxyHealthy": .bool(isHealthy),
            ])
    }
    private struct NoBytes: Error {}

    /// Ports that are free now, so that tests side by side do not meet.
    private static func freePort() throws -> UInt16 {
        let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(made) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(made, $0, size) == 0 && getsockname(made, $0, &size) == 0 }
        }
        try #require(status)
        return UInt16(bigEndian: address.sin_port)
    }

    /// The first line of what a server says; empty when nobody listens.
    private static func ask(_ port: UInt16) -> String {
        guard let client = try? TestSocket(isStream: true) else { return "" }
        client.connect(.init(v4: 0x7f00_0001), port)
        var outcome: CInt?
        _ = blockUntil {
            outcome = client.outcome
            return outcome != nil
        }
        guard outcome == 0, client.send(Array("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8)) else { return "" }
        var text: [UInt8] = []
        _ = blockUntil {
            text += client.receive() ?? []
            return text.contains(UInt8(ascii: "\r"))
        }
        return String(decoding: text.prefix { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
    }

    @Test func `servers come and go with services, and a port that is taken is told of`() async throws {
        let told = Mutex<[String]>([])
        let servers = HealthCheckServers(host: "127.0.0.1", time: MachineTime()) { health, _ in
            told.withLock { $0.append("\(health.service)") }
        }
        let key = ObjectKey(namespace: "shop", name: "web")
        let port = try Self.freePort()
        var health = try #require(ServiceHealth(Self.service(port: Int32(port)), [], nodeName: "here"))
        // Blocking calls get a thread of their own: tests beside this one hold the others, for long.
        let executor = try BlockingExecutor(threads: 1)
        func expect(_ line: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
            let came = try await eventually(within: .seconds(120)) {
                let answer = try await executor.run { Self.ask(port) }
                return line.isEmpty ? answer.isEmpty : answer.hasPrefix(line)
            }
            #expect(came, "\(line)", sourceLocation: sourceLocation)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await servers.run() }
            servers.replace([key: health])
            try await expect("HTTP/1.1 503")
            health.localEndpoints = 1
            servers.change([key: health])
            try await expect("HTTP/1.1 200")
            servers.setHealthy(false)
            try await expect("HTTP/1.1 503")
            let other = ObjectKey(namespace: "shop", name: "other")
            var clash = health
            clash.service = other
            servers.change([other: clash])
            let isTold = try await eventually(within: .seconds(120)) { told.withLock { $0 } == ["shop/other"] }
            #expect(isTold)
            servers.replace([:])
            try await expect("")
            group.cancelAll()
        }
    }
}
