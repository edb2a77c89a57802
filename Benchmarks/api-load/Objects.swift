/// What is written and read.
enum Operation: String, CaseIterable {
    case get, create, createPod = "create-pod", merge, apply, list, table, label

    /// - Parameters:
    ///   - place: `/api/v1/namespaces/NAMESPACE`; it holds the pods and config maps `seed-N`.
    ///   - number: Of this request, from 0.
    func request(_ number: Int, in place: String) -> Request {
        switch self {
        case .get: Request(path: "\(place)/pods/seed-0")
        case .create: Request(method: "POST", path: "\(place)/configmaps", body: Objects.configMap("new-\(number)"))
        case .createPod: Request(method: "POST", path: "\(place)/pods", body: Objects.pod("new-\(number)"))
        case .merge:
            Request(
                method: "PATCH", path: "\(place)/configmaps/seed-0", body: Array("{\"data\":{\"k\":\"\(number)\"}}".utf8),
                contentType: "application/merge-patch+json")
        case .apply:
            Request(
                method: "PATCH", path: "\(place)/configmaps/applied?fieldManager=load&force=true",
                body: Array(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"applied"},"data":{"k":"\#(number)"}}"#.utf8),
                contentType: "application/apply-patch+yaml")
        case .list: Request(path: "\(place)/pods")
        case .table: Request(path: "\(place)/pods", accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
        case .label: Request(path: "\(place)/pods?labelSelector=app%3Dnone")
        }
    }

    /// Which objects must be there before.
    var seeds: (pods: Int, configMaps: Int) {
        switch self {
        case .get: (1, 0)
        case .merge: (0, 1)
        case .list, .table, .label: (1000, 0)
        case .create, .createPod, .apply: (0, 0)
        }
    }
}

enum Objects {
    /// As people write them.
    static func pod(_ name: String) -> [UInt8] {
        let padding = String(repeating: "x", count: 40)
        let container = #"""
            {"name":"c","image":"example.test/busybox:1","command":["sleep","3600"],\#
            "env":[{"name":"A","value":"\#(padding)"},{"name":"POD","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],\#
            "ports":[{"containerPort":80}],"resources":{"requests":{"cpu":"10m","memory":"16Mi"},"limits":{"memory":"64Mi"}}}
            """#
        return Array(
            #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"\#(name)","labels":{"app":"load"}},"spec":{"automountServiceAccountToken":false,"containers":[\#(container)]}}"#
                .utf8)
    }

    /// About 4 KB when it is stored.
    static func largePod(_ name: String) -> [UInt8] {
        let environment = (0..<36).map { #"{"name":"VARIABLE_\#($0)","value":"a value that says something, number \#($0)"}"# }
        return Array(
            #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"\#(name)","labels":{"app":"load","name":"\#(name)"}},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","image":"registry.example/team/program:1.2.3","env":[\#(environment.joined(separator: ","))],"livenessProbe":{"httpGet":{"path":"/healthz","port":8080}},"ports":[{"containerPort":80}],"resources":{"requests":{"cpu":"10m","memory":"16Mi"},"limits":{"memory":"64Mi"}}}]}}"#
                .utf8)
    }

    static func configMap(_ name: String) -> [UInt8] {
        Array(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"\#(name)"},"data":{"k":"\#(value)"}}"#.utf8)
    }

    static func namespace(_ name: String) -> [UInt8] {
        Array(#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"\#(name)"}}"#.utf8)
    }

    static func serviceAccount() -> [UInt8] {
        Array(#"{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"default"}}"#.utf8)
    }

    static func definition(_ number: Int) -> [UInt8] {
        let fields = (0..<20).map { #""field\#($0)":{"type":"string","description":"The field number \#($0), which says something."}"# }
        return Array(
            #"{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"loads\#(number).load.example.com"},"spec":{"group":"load.example.com","scope":"Namespaced","names":{"plural":"loads\#(number)","singular":"load\#(number)","kind":"Load\#(number)"},"versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{\#(fields.joined(separator: ","))}},"status":{"type":"object","properties":{"phase":{"type":"string"}}}}}}}]}}"#
                .utf8)
    }

    static let value = String(repeating: "v", count: 200)
}
