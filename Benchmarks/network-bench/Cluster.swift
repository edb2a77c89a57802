import APIMachinery
import APIServer
import KubernetesAPI
import KubernetesClient
import Storage

/// An API server in memory with services, each with three endpoints that nobody is behind.
struct Cluster {
    let client: Client

    init(services count: Int) async throws {
        let configuration = APIServer.Configuration(admission: [NamespaceLifecycle()])
        let server = try await APIServer(storage: MemoryStorage(), configuration: configuration)
        let client = Client(transport: DirectTransport { await server.handle($0, from: .system) }, userAgent: "network-bench")
        self.client = client
        _ = try await client.resource(Namespace.self).create(Namespace { $0.metadata.name = "default" })
        try await withThrowingTaskGroup(of: Void.self) { group in
            for start in 0..<4 {
                group.addTask {
                    for index in stride(from: start, to: count, by: 4) {
                        let name = "service-\(index)"
                        let addresses = (0..<3).map { "10.100.\((index * 3 + $0) / 250 % 250).\((index * 3 + $0) % 250 + 1)" }
                        try await Self.add(client, name, clusterIP: "10.97.\(index / 250).\(index % 250 + 1)", addresses)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    static func add(_ client: Client, _ name: String, clusterIP: String, _ addresses: [String]) async throws {
        var service = Service { $0.metadata.name = name }
        service.spec.clusterIP = clusterIP
        service.spec.clusterIPs = [clusterIP]
        service.spec.ipFamilies = ["IPv4"]
        service.spec.ipFamilyPolicy = "SingleStack"
        service.spec.selector = ["app": name]
        service.spec.ports = [ServicePort { $0.port = 80 }]
        _ = try await client.resource(Service.self, namespace: "default").create(service)
        _ = try await client.resource(EndpointSlice.self, namespace: "default").create(slice(name, addresses))
    }

    static func slice(_ name: String, _ addresses: [String]) -> EndpointSlice {
        var slice = EndpointSlice {
            $0.addressType = "IPv4"
            $0.ports = [DiscoveryV1EndpointPort { $0.port = 8080 }]
            $0.endpoints = addresses.map { address in
                Endpoint {
                    $0.addresses = [address]
                    $0.nodeName = "bench"
                    $0.conditions = EndpointConditions { $0.ready = true }
                }
            }
        }
        slice.metadata.name = name
        slice.metadata.labels = ["kubernetes.io/service-name": name]
        return slice
    }
}
