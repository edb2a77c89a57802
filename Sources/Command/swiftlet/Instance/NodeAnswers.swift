internal import APIMachinery
internal import ControlPlane
internal import KubernetesClient
internal import Kubelet

/// What this process knows of a pod beside what its API objects say.
struct NodeAnswers: Sendable {
    /// nil: nobody here gives pods to nodes.
    var loops: ControlLoops?
    /// nil: no pods run here.
    var kubelet: Kubelet?

    /// `{"scheduling": [the last attempt first], "histories": [{"uid", "gone", "steps", "probes"}, the latest first], "pod": {…}}`. A member is
    /// missing where nobody here knows.
    func answer(namespace: String, name: String) async -> JSONValue {
        var object = JSONObject()
        if let scheduler = loops?.scheduler {
            object["scheduling"] = .array(await scheduler.explain(ObjectKey(namespace: namespace, name: name)).map(\.json))
        }
        if let kubelet {
            object["histories"] = .array(kubelet.histories(namespace: namespace, name: name).map(\.json))
            if let pod = kubelet.pods.first(where: { $0.metadata.name == name && $0.metadata.namespace == namespace }) {
                object["pod"] = pod.json
            }
        }
        return .object(object)
    }
}
