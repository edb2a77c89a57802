import APIMachinery
@testable import Controllers
import KubernetesAPI
@testable import KubernetesClient
import Testing

/// The recorded scenario `endpointslice`, and what it leaves out.
struct EndpointsTests {
    private func service(_ name: String, headless: Bool = false, _ fill: (inout Service) -> Void = { _ in }) -> Service {
        var service = Service {
            $0.metadata.name = name
            $0.metadata.labels = ["l": "v"]
            $0.spec.selector = ["app": "x"]
            if headless { $0.spec.clusterIP = "None" }
            $0.spec.ports = [
                ServicePort {
                    $0.name = "http"
                    $0.port = 80
                    $0.targetPort = .string("web")
                }
            ]
        }
        fill(&service)
        return service
    }

    private func slices(_ bed: ClusterBed, _ service: String) async throws -> [EndpointSlice] {
        try await bed.admin.resource(EndpointSlice.self, namespace: "default").list(
            .init { $0.labelSelector = "kubernetes.io/service-name=\(service)" }
        ).items
    }

    private func text(_ slices: [EndpointSlice]) -> [String] {
        slices.flatMap(\.endpoints).map { endpoint in
            let conditions = endpoint.conditions
            func mark(_ value: Bool?) -> String { value == true ? "1" : value == false ? "0" : "-" }
            return
                "\(endpoint.targetRef?.name ?? "") \(endpoint.addresses.joined(separator: ",")) \(mark(conditions?.ready))\(mark(conditions?.serving))\(mark(conditions?.terminating)) \(endpoint.hostname ?? "-") \(endpoint.nodeName ?? "-")"
        }.sorted()
    }

    @Test func `a ready, an unready and a terminating pod, and the headless twin, as recorded`() async throws {
        let bed = try await ClusterBed()
        try await bed.makeNode("node1")
        try await bed.run([EndpointSliceController.self, EndpointsController.self]) {
            let services = bed.admin.resource(Service.self, namespace: "default")
            _ = try await services.create(service("svc"))
            _ = try await services.create(service("hl", headless: true))
            try await expectEventually("empty slices") {
                let all = try await slices(bed, "svc") + (try await slices(bed, "hl"))
                return all.count == 2 && all.allSatisfy { $0.endpoints.isEmpty && $0.addressType == "IPv4" }
            }
            let pods = bed.admin.resource(Pod.self, namespace: "default")
            _ = try await pods.create(
                boundPod("ok", node: "node1") {
                    $0.spec.hostname = "h"
                    $0.spec.subdomain = "hl"
                })
            _ = try await pods.create(boundPod("bad", node: "node1"))
            try await bed.setStatus(of: "bad", ip: "10.0.0.1", isReady: false)
            try await bed.setStatus(of: "ok", ip: "10.0.0.2", isReady: true)
            try await expectEventually("both endpoints") {
                let (plain, headless) = (text(try await slices(bed, "svc")), text(try await slices(bed, "hl")))
                return plain == ["bad 10.0.0.1 000 - node1", "ok 10.0.0.2 110 - node1"]
                    && headless == ["bad 10.0.0.1 000 - node1", "ok 10.0.0.2 110 h node1"]
            }
            let slice = try #require(try await slices(bed, "hl").first)
            #expect(
                slice.metadata.labels == [
                    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io", "kubernetes.io/service-name": "hl",
                    "l": "v", "service.kubernetes.io/headless": "",
                ])
            #expect(slice.ports.map { "\($0.name ?? "")/\($0.protocol ?? "")/\($0.port ?? 0)" } == ["http/TCP/8080"])
            #expect(
                slice.metadata.ownerReferences.map { "\($0.kind)/\($0.name) \($0.controller == true)\($0.blockOwnerDeletion == true)" } == [
                    "Service/hl truetrue"
                ])
            try await expectEventually("Endpoints") {
                let endpoints = try await bed.admin.resource(Endpoints.self, namespace: "default").get("hl")
                return endpoints.subsets.flatMap(\.addresses).map { "\($0.ip) \($0.hostname ?? "")" } == ["10.0.0.2 h"]
                    && endpoints.subsets.flatMap(\.notReadyAddresses).map(\.ip) == ["10.0.0.1"]
                    && endpoints.metadata.labels["endpoints.kubernetes.io/managed-by"] == "endpoint-controller"
            }
            try await pods.delete("ok")
            try await expectEventually("terminating") {
                try await text(slices(bed, "svc")) == ["bad 10.0.0.1 000 - node1", "ok 10.0.0.2 011 - node1"]
            }
            try await bed.setStatus(of: "ok", isReady: false, phase: "Succeeded")
            try await expectEventually("ended") { try await text(slices(bed, "svc")) == ["bad 10.0.0.1 000 - node1"] }
            try await services.delete("svc")
            try await expectEventually("Endpoints go with their Service") { await bed.isGone(Endpoints.self, "svc") }
        }
        #expect(bed.reports.withLock { $0 } == [])
    }

    @Test func `many pods fill slices of a hundred, with few writes`() async throws {
        let bed = try await ClusterBed()
        try await bed.makeNode("node1", zone: "z")
        let pods = bed.admin.resource(Pod.self, namespace: "default")
        for number in 0..<130 {
            _ = try await pods.create(boundPod("p\(number)", node: "node1"))
            try await bed.setStatus(of: "p\(number)", ip: "10.0.1.\(number)", isReady: true)
        }
        try await bed.run([EndpointSliceController.self]) {
            _ = try await bed.admin.resource(Service.self, namespace: "default").create(
                service("svc") { $0.spec.trafficDistribution = "PreferClose" })
            try await expectEventually("all endpoints") {
                try await slices(bed, "svc").map(\.endpoints.count).sorted() == [30, 100]
            }
            let hints = try await slices(bed, "svc").flatMap(\.endpoints).map { $0.hints?.forZones.map(\.name) ?? [] }
            #expect(Set(hints) == [["z"]])
        }
        #expect(bed.lines().count == 2)
    }

    @Test func `pods that are not ready are published where the Service wants it`() {
        let all = service("svc") { $0.spec.publishNotReadyAddresses = true }
        let pod = boundPod("p", node: "n") {
            $0.metadata.namespace = "default"
            $0.status.podIP = "10.0.0.1"
            $0.status.podIPs = [PodIP { $0.ip = "10.0.0.1" }]
        }
        let endpoint = PodEndpoint(pod: pod, service: all).endpoint("IPv4", node: nil)
        #expect(endpoint?.conditions?.ready == true && endpoint?.conditions?.serving == false)
        #expect(EndpointSubsets.subsets(all, [pod]).first?.addresses.count == 1)
        #expect(PodEndpoint(pod: pod, service: all).endpoint("IPv6", node: nil) == nil)
    }

    @Test func `changes that were told are not told again`() {
        var times = TriggerTimes()
        let one = service("svc") { $0.metadata.creationTimestamp = Timestamp(seconds: 100, nanoseconds: 0) }
        func pod(_ seconds: Int64) -> Pod {
            boundPod("p") {
                $0.status.conditions = [
                    PodCondition {
                        $0.type = "Ready"
                        $0.lastTransitionTime = Timestamp(seconds: seconds, nanoseconds: 0)
                    }
                ]
            }
        }
        let told = [[pod(90)], [pod(90)], [pod(95)], []].map { times.next(one, $0)?.seconds }
        #expect(told == [90, nil, 95, nil])
    }

    @Test func `more than 1000 addresses are cut, those not ready first`() {
        func addresses(_ count: Int) -> [EndpointAddress] {
            (0..<count).map { number in EndpointAddress { $0.ip = "10.0.\(number / 250).\(number % 250)" } }
        }
        var subsets = [
            EndpointSubset {
                $0.addresses = addresses(900)
                $0.notReadyAddresses = addresses(200)
            }
        ]
        let isCut = EndpointSubsets.truncate(&subsets)
        #expect(isCut)
        #expect(subsets[0].addresses.count == 900 && subsets[0].notReadyAddresses.count == 100)
        let isCutAgain = EndpointSubsets.truncate(&subsets)
        #expect(!isCutAgain)
    }
}
