import APIMachinery
@testable import Controllers
import KubernetesAPI
@testable import KubernetesClient
import Testing

struct LoadBalancerPlanTests {
    private static func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    private func claim(
        _ name: String, _ ports: [Int32] = [80], held: [String] = [], requested: String? = nil, created: Int64 = 0,
        families: [Bool] = [true]
    ) throws -> LoadBalancerClaim {
        var service = Service { $0.metadata.name = name }
        service.metadata.namespace = "default"
        service.metadata.creationTimestamp = Timestamp(seconds: created, nanoseconds: 0)
        service.spec.ports = ports.map { port in ServicePort { $0.port = port } }
        service.spec.ipFamilies = families.map { $0 ? "IPv4" : "IPv6" }
        service.spec.loadBalancerIP = requested
        return LoadBalancerClaim(service, held: try held.map(Self.address))
    }

    private func decide(_ claim: LoadBalancerClaim, _ source: String, rivals: [LoadBalancerClaim] = [], nodes: [String: [String]] = [:])
        throws -> String
    {
        let nodes = nodes.sorted { $0.key < $1.key }.map { name, addresses in
            BalancingNode(
                Node {
                    $0.metadata.name = name
                    $0.status.addresses = addresses.map { address in
                        NodeAddress {
                            $0.type = "InternalIP"
                            $0.address = address
                        }
                    }
                })
        }
        let plan = LoadBalancerPlan(
            source: try LoadBalancerAddresses(parsing: source), nodes: nodes, rivals: rivals,
            isOccupied: { $1 == BalancedPort(number: 22, transport: "TCP") })
        switch plan.decide(claim) {
        case .addresses(let addresses): return addresses.map(\.description).joined(separator: " ")
        case .pending(let reason): return "pending: \(reason)"
        }
    }

    @Test(arguments: [
        ("192.0.2.0/30", "192.0.2.1 192.0.2.2"), ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.254-192.0.3.1", "192.0.2.254 192.0.2.255 192.0.3.0 192.0.3.1"),
        ("192.0.2.8/31", "192.0.2.8 192.0.2.9"), ("192.0.2.9/32, 192.0.2.3", "192.0.2.9 192.0.2.3"),
        ("2001:db8::fe-2001:db8::ff", "2001:db8::fe 2001:db8::ff"),
    ])
    func `a pool gives its addresses in order`(text: String, expected: String) throws {
        let pool = try AddressPool(parsing: text)
        var taken: Set<IPAddress> = []
        var given: [String] = []
        while let next = pool.firstFree(isIPv4: !text.contains(":"), except: taken) {
            taken.insert(next)
            given.append(next.description)
            #expect(pool.contains(next))
        }
        #expect(given.joined(separator: " ") == expected)
    }

    @Test(arguments: ["", "10.0.0.0/33", "10.0.0.9-10.0.0.1", "10.0.0.1-::1", "a", "10.0.0.1-", "10.0.0.1/", "10.0.0.1/8/9"])
    func `what is no pool is refused`(text: String) {
        #expect(throws: AddressPoolError.self) { try AddressPool(parsing: text) }
    }

    @Test func `each service gets an address of the pool, keeps it, and the pool's end is named`() throws {
        let pool = "192.0.2.1-192.0.2.2"
        #expect(try decide(claim("a"), pool) == "192.0.2.1")
        let a = try claim("a", held: ["192.0.2.1"])
        #expect(try decide(claim("b"), pool, rivals: [a]) == "192.0.2.2")
        #expect(try decide(claim("b", held: ["192.0.2.2"]), pool, rivals: [a]) == "192.0.2.2")
        #expect(try decide(claim("b", held: ["10.0.0.1"]), pool, rivals: [a]) == "192.0.2.2")  // of an earlier pool
        let both = [a, try claim("b", held: ["192.0.2.2"])]
        #expect(try decide(claim("c"), pool, rivals: both) == "pending: all addresses of the pool 192.0.2.1-192.0.2.2 are taken")
        #expect(
            try decide(claim("c", families: [false]), pool)
                == "pending: the pool 192.0.2.1-192.0.2.2 has no addresses of the service's families")
        #expect(try decide(claim("c", families: [true, false]), pool + ",2001:db8::1") == "192.0.2.1 2001:db8::1")
        #expect(try decide(claim("b", held: ["192.0.2.1"], created: 2), pool, rivals: [a]) == "192.0.2.2")  // two have it: the older stays
        #expect(try decide(a, pool, rivals: [claim("b", held: ["192.0.2.1"], created: 2)]) == "192.0.2.1")
    }

    @Test func `an address that is asked for is given, or it is said why not`() throws {
        let pool = "192.0.2.1-192.0.2.9"
        #expect(try decide(claim("a", requested: "192.0.2.5"), pool) == "192.0.2.5")
        #expect(try decide(claim("a", held: ["192.0.2.1"], requested: "192.0.2.5"), pool) == "192.0.2.5")
        #expect(
            try decide(claim("a", requested: "192.0.3.5"), pool)
                == "pending: spec.loadBalancerIP: 192.0.3.5 is not in the pool 192.0.2.1-192.0.2.9")
        #expect(
            try decide(claim("a", requested: "192.0.2.5"), pool, rivals: [claim("b", held: ["192.0.2.5"])])
                == "pending: spec.loadBalancerIP: service default/b has 192.0.2.5")
        #expect(try decide(claim("a", requested: "x"), pool) == "pending: spec.loadBalancerIP: x is not an address")
        let nodes = ["n": ["10.0.0.1"]]
        #expect(try decide(claim("a", requested: "10.0.0.1"), "nodes", nodes: nodes) == "10.0.0.1")
        #expect(
            try decide(claim("a", requested: "10.0.0.2"), "nodes", nodes: nodes)
                == "pending: spec.loadBalancerIP: no node has the address 10.0.0.2; there is 10.0.0.1")
    }

    @Test func `services with different ports share the nodes' addresses`() throws {
        let nodes = ["n": ["10.0.0.1"], "m": ["10.0.0.2"]]
        let web = try claim("web", [80, 443], held: ["10.0.0.1", "10.0.0.2"])
        #expect(try decide(claim("web", [80, 443]), "nodes", nodes: nodes) == "10.0.0.2 10.0.0.1")
        #expect(try decide(claim("dns", [53]), "nodes", rivals: [web], nodes: nodes) == "10.0.0.2 10.0.0.1")
        #expect(
            try decide(claim("late", [8080, 443]), "nodes", rivals: [web], nodes: ["n": ["10.0.0.1"]])
                == "pending: service default/web has the port 443/TCP of 10.0.0.1")
        #expect(
            try decide(claim("ssh", [22]), "nodes", nodes: ["n": ["10.0.0.1"]])
                == "pending: a program of the node has the port 22/TCP of 10.0.0.1")
        #expect(
            try decide(claim("six", families: [false]), "nodes", nodes: nodes)
                == "pending: no node has an address of the service's families")
        var near = try claim("near")
        near.nodes = ["n"]
        #expect(try decide(near, "nodes", nodes: nodes) == "10.0.0.1")
        near.nodes = []
        #expect(try decide(near, "nodes", nodes: nodes) == "10.0.0.2 10.0.0.1")
    }
}

struct ServiceControllerTests {
    private func service(_ name: String, _ port: Int32 = 80, _ change: (inout Service) -> Void = { _ in }) -> Service {
        var service = Service { $0.metadata.name = name }
        service.spec.type = "LoadBalancer"
        service.spec.ports = [ServicePort { $0.port = port }]
        change(&service)
        return service
    }

    private func settings(_ source: String) throws -> ControllerSettings {
        var settings = ControllerSettings()
        settings.loadBalancers = try LoadBalancerAddresses(parsing: source)
        return settings
    }

    private func ingress(_ bed: ClusterBed, _ name: String) async throws -> [String] {
        try await bed.admin.resource(Service.self, namespace: "default").get(name).status.loadBalancer.ingress.map {
            "\($0.ip ?? "") \($0.ipMode ?? "")"
        }
    }

    @Test func `a pool's address goes to a service, and from it to the one that waits`() async throws {
        let bed = try await ClusterBed()
        let services = bed.admin.resource(Service.self, namespace: "default")
        try await bed.run([ServiceController.self], settings: settings("192.0.2.1")) {
            _ = try await services.create(service("other") { $0.spec.loadBalancerClass = "example.com/other" })
            _ = try await services.create(service("a"))
            try await expectEventually("an address") { try await ingress(bed, "a") == ["192.0.2.1 VIP"] }
            _ = try await services.create(service("b"))
            try await expectEventually("the event") {
                try await bed.events("SyncLoadBalancerFailed") == [
                    "Error syncing load balancer: failed to ensure load balancer: all addresses of the pool 192.0.2.1 are taken"
                ]
            }
            #expect(try await services.get("a").metadata.finalizers == [ServiceController.finalizer])
            try await services.delete("a")
            try await expectEventually("gone") { await bed.isGone(Service.self, "a") }
            try await expectEventually("its address") { try await ingress(bed, "b") == ["192.0.2.1 VIP"] }
            _ = try await services.patch("b", .merge, ["spec": ["type": "ClusterIP"]])
            try await expectEventually("released") {
                let b = try await services.get("b")
                return b.status.loadBalancer.ingress.isEmpty && b.metadata.finalizers.isEmpty
            }
            try await expectEventually("events") {
                let (deleted, ensured) = (try await bed.events("DeletedLoadBalancer"), try await bed.events("EnsuredLoadBalancer"))
                return deleted.count == 2 && ensured.count == 2
            }
            let other = try await services.get("other")
            #expect(other.status.loadBalancer.ingress.isEmpty && other.metadata.finalizers.isEmpty)
        }
        #expect(bed.reports.withLock { $0 } == [])
    }

    @Test func `many services at once get different addresses, and keep them over a restart`() async throws {
        let bed = try await ClusterBed()
        let services = bed.admin.resource(Service.self, namespace: "default")
        func given() async throws -> [String] {
            try await services.list().items.flatMap { $0.status.loadBalancer.ingress.compactMap(\.ip) }
        }
        try await bed.run([ServiceController.self], settings: settings("192.0.2.0/24")) {
            for number in 0..<30 { _ = try await services.create(service("s\(number)")) }
            try await expectEventually("addresses") { try await given().count == 30 }
        }
        let before = try await given()
        #expect(Set(before).count == 30)
        let writes = bed.lines(by: "service-controller").count
        try await bed.run([ServiceController.self], settings: settings("192.0.2.0/24")) {
            _ = try await services.create(service("last"))
            try await expectEventually("one more") { try await given().count == 31 }
        }
        #expect(try await Set(given()).isSuperset(of: before))
        #expect(bed.lines(by: "service-controller").filter { $0.contains("services/") }.count <= writes + 1)
    }

    @Test func `nodes' addresses are shared, a clash waits, and nodes that change change them`() async throws {
        let bed = try await ClusterBed()
        let services = bed.admin.resource(Service.self, namespace: "default")
        func node(_ name: String, _ address: String) async throws {
            try await bed.makeNode(name) { node in
                node.status.addresses = [
                    NodeAddress {
                        $0.type = "InternalIP"
                        $0.address = address
                    }
                ]
            }
        }
        try await node("n1", "10.0.0.1")
        try await bed.run([ServiceController.self], settings: settings("nodes")) {
            _ = try await services.create(service("web"))
            try await expectEventually("the node's address") { try await ingress(bed, "web") == ["10.0.0.1 VIP"] }
            _ = try await services.create(service("tls", 443))
            try await expectEventually("the same") { try await ingress(bed, "tls") == ["10.0.0.1 VIP"] }
            _ = try await services.create(service("late"))
            try await expectEventually("why it waits") {
                try await bed.events("SyncLoadBalancerFailed").first?.hasSuffix("service default/web has the port 80/TCP of 10.0.0.1")
                    == true
            }
            try await node("n2", "10.0.0.2")
            try await expectEventually("both") { try await ingress(bed, "tls") == ["10.0.0.1 VIP", "10.0.0.2 VIP"] }
        }
    }
}
