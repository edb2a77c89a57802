import APIMachinery
@testable import Controllers
import KubernetesAPI
import Testing

struct SlicePlanTests {
    private static let ports = [
        DiscoveryV1EndpointPort {
            $0.name = "http"
            $0.port = 80
            $0.protocol = "TCP"
        }
    ]
    private static let otherPorts = [
        DiscoveryV1EndpointPort {
            $0.name = "http"
            $0.port = 81
            $0.protocol = "TCP"
        }
    ]

    private func endpoints(_ numbers: some Sequence<Int>, ready: Bool = true) -> [Endpoint] {
        numbers.map { number in
            Endpoint {
                $0.addresses = ["10.0.\(number / 250).\(number % 250)"]
                $0.conditions = EndpointConditions { $0.ready = ready }
                $0.targetRef = ObjectReference { $0.name = "p\(number)" }
            }
        }
    }

    private func slice(_ name: String, _ numbers: some Sequence<Int>, ports: [DiscoveryV1EndpointPort] = ports) -> EndpointSlice {
        EndpointSlice {
            $0.metadata.name = name
            $0.ports = ports
            $0.endpoints = endpoints(numbers)
        }
    }

    private func plan(_ existing: [EndpointSlice], _ desired: [[DiscoveryV1EndpointPort]: [Endpoint]], max: Int = 100) -> String {
        let plan = SlicePlan(existing: existing, desired: desired, template: EndpointSlice(), maxEndpoints: max)
        func list(_ slices: [EndpointSlice]) -> String {
            slices.map { "\($0.metadata.name ?? "new")=\($0.endpoints.count)" }.joined(separator: ",")
        }
        return "create \(list(plan.creates)) update \(list(plan.updates)) delete \(list(plan.deletes))"
    }

    @Test func `nothing gives one empty slice`() {
        #expect(plan([], [:]) == "create new=0 update  delete ")
    }

    @Test func `an empty slice stays when there is nothing, and is used when there is something`() {
        #expect(plan([slice("a", 0..<0, ports: [])], [:]) == "create  update  delete ")
        #expect(plan([slice("a", 0..<0, ports: [])], [Self.ports: endpoints(0..<3)]) == "create  update a=3 delete ")
    }

    @Test func `250 endpoints take three slices of at most 100`() {
        #expect(plan([], [Self.ports: endpoints(0..<250)]) == "create new=100,new=100,new=50 update  delete ")
    }

    @Test func `what is as wanted is not written`() {
        #expect(plan([slice("a", 0..<3)], [Self.ports: endpoints(0..<3)]) == "create  update  delete ")
    }

    @Test func `a slice that changes anyway takes the new ones`() {
        let existing = [slice("a", 0..<3), slice("b", 3..<6)]
        #expect(plan(existing, [Self.ports: endpoints(Array(1..<6) + [9])], max: 4) == "create  update a=3 delete ")
    }

    @Test func `else the fullest slice that has room takes them`() {
        let existing = [slice("a", 0..<2), slice("b", 2..<5)]
        #expect(plan(existing, [Self.ports: endpoints(0..<6)], max: 4) == "create  update b=4 delete ")
        #expect(plan(existing, [Self.ports: endpoints(0..<7)], max: 4) == "create  update a=4 delete ")
        #expect(plan(existing, [Self.ports: endpoints(0..<8)], max: 4) == "create new=3 update  delete ")
    }

    @Test func `a slice that becomes empty goes, the last one stays as placeholder of other ports`() {
        let existing = [slice("a", 0..<2), slice("b", 2..<4)]
        #expect(plan(existing, [Self.ports: endpoints(0..<2)]) == "create  update  delete b=2")
        #expect(plan([slice("a", 0..<2)], [:]) == "create  update a=0 delete ")
    }

    @Test func `other ports recycle the slice`() {
        #expect(plan([slice("a", 0..<2)], [Self.otherPorts: endpoints(0..<2)]) == "create  update a=2 delete ")
    }
}
