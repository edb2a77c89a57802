import APIMachinery
import KubernetesAPI
import KubernetesClient
import NetworkTesting

@testable import NetworkPolicies

/// As the API server gives it, without the defaults.
func networkPolicy(_ name: String, in namespace: String, _ spec: JSONValue) -> NetworkPolicy {
    let json: JSONValue = [
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": ["name": .string(name), "namespace": .string(namespace)], "spec": spec,
    ]
    guard let policy = NetworkPolicy.decode(json).0 else { preconditionFailure("no policy: \(json)") }
    return policy
}

/// A pod's object with the address that its network namespace has.
struct PolicedPod {
    let object: Pod
    let network: NetworkPod

    init(_ object: Pod, in scene: NetworkScene) throws {
        network = try scene.pod("\(object.metadata.namespace ?? "").\(object.metadata.name ?? "")")
        var object = object
        object.spec.nodeName = "here"
        object.status.podIP = "\(network.address)"
        self.object = object
    }

    var key: ObjectKey { ObjectKey(object) }
    var policyPod: PolicyPod? { PolicyPod(object, nil, nodeName: "here") }
}
