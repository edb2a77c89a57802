import APIMachinery
import KubernetesAPI
import Testing

@testable import Kubelet

/// The table of what this node does with each field, against the types as they were generated.
struct FieldTableTests {
    /// Types of which the table speaks, from the root down.
    private static let reachable: [String] = {
        var found = ["PodSpec"]
        var index = 0
        while index < found.count {
            let all = (FieldTable.types[found[index]]?.fields ?? [:]).values
            for case .members(let type) in all.flatMap(Self.parts) where !found.contains(type) { found.append(type) }
            index += 1
        }
        return found
    }()

    private static func parts(_ support: FieldSupport) -> [FieldSupport] {
        guard case .withServer(let first, let second) = support else { return [support] }
        return [first, second]
    }

    @Test func `every field that Kubernetes has is in the table, and no other`() throws {
        #expect(Self.reachable.count > 40)
        for name in Self.reachable {
            let schema = try #require(Schema.builtIn[type: "core/v1.\(name)"], "no type \(name)")
            let table = try #require(FieldTable.types[name], "no table of \(name)")
            let (known, real) = (Set(table.fields.keys), Set(schema.fields.map(\.name)))
            #expect(real.subtracting(known).sorted() == [], "\(name): what does this node do with it?")
            #expect(known.subtracting(real).sorted() == [], "\(name): there is no such field")
        }
        #expect(Set(FieldTable.types.keys).subtracting(Self.reachable) == [])
    }

    @Test func `members are looked up in the field's own type, and an object acts through its members`() throws {
        for name in Self.reachable {
            for field in Schema.builtIn[type: "core/v1.\(name)"]?.fields ?? [] {
                let type = Self.typeName(field.type)
                for support in (FieldTable.types[name]?.fields[field.name]).map(Self.parts) ?? [] {
                    if case .members(let named) = support { #expect(type == named, "\(name).\(field.name)") }
                    if case .acts = support { #expect(type == nil, "\(name).\(field.name) acts, and who looks at its members?") }
                }
            }
        }
    }

    private static func typeName(_ type: FieldType) -> String? {
        switch type {
        case .list(let element), .map(let element): typeName(element)
        case .type(let name): String(name.split(separator: ".").last ?? "")
        default: nil
        }
    }
}

struct UnsupportedFieldsTests {
    private func findings(_ spec: String) throws -> [String] {
        let json = try JSONValue(parsing: #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"d"},"spec":\#(spec)}"#)
        let (pod, problems) = Pod.decode(json, options: .lenient)
        #expect(problems.isEmpty)
        var defaulted = try #require(pod)
        PodDefaults.apply(to: &defaulted)
        return UnsupportedFields.find(in: defaulted).map { ($0.isImpossible ? "! " : "") + "\($0.path): \($0.what)" }
    }

    private func ofContainer(_ fields: String) throws -> [String] {
        try findings(#"{"containers":[{"name":"c","image":"i",\#(fields)}]}"#).map { $0.replacing("spec.containers[0].", with: "") }
    }

    @Test(arguments: [
        (#""priority":5"#, ["priority: no pod is evicted or preempted for another"]),
        (#""priority":0,"enableServiceLinks":true,"nodeSelector":{"a":"b"},"tolerations":[{"key":"k"}]"#, []),
        (#""automountServiceAccountToken":false"#, []),
        (#""automountServiceAccountToken":true"#, ["automountServiceAccountToken: no token is mounted: there is nobody to issue one"]),
        (#""securityContext":{"appArmorProfile":{"type":"Unconfined"},"fsGroupChangePolicy":"Always"}"#, []),
        (
            #""securityContext":{"appArmorProfile":{"type":"RuntimeDefault"},"seLinuxOptions":{"level":"s0"}}"#,
            ["securityContext.appArmorProfile.type: no profile is applied", "securityContext.seLinuxOptions: no label is set"]
        ),
        (#""ephemeralContainers":[{"name":"e","image":"i"}]"#, []),
    ])
    func `fields of the pod`(fields: String, expected: [String]) throws {
        #expect(try findings("{\(fields)}").map { $0.replacing("spec.", with: "") } == expected)
    }

    @Test(arguments: [
        (#""livenessProbe":{"exec":{"command":["x"]}},"readinessProbe":{"grpc":{"port":1}},"startupProbe":{"tcpSocket":{"port":1}}"#, []),
        (#""lifecycle":{"preStop":{"httpGet":{"port":1}}}"#, []),
        (
            #""lifecycle":{"preStop":{"httpGet":{"port":1,"scheme":"HTTPS"}},"postStart":{"tcpSocket":{"port":1}}}"#,
            ["lifecycle.postStart.tcpSocket: no hook of this kind runs"]
        ),
        (#""resizePolicy":[{"resourceName":"cpu","restartPolicy":"NotRequired"}]"#, []),
        (
            #""restartPolicy":"Never","restartPolicyRules":[{"action":"RestartAllContainers","exitCodes":{"operator":"In","values":[1]}}]"#,
            ["restartPolicyRules[0].action: only the container itself is started again"]
        ),
        (
            #""resources":{"limits":{"cpu":"1","memory":"1Gi","hugepages-2Mi":"2Mi","ephemeral-storage":"1Gi","a.com/gpu":"1"}}"#,
            [
                "resources.limits[a.com/gpu]: no device of this kind is given to it",
                "resources.limits[ephemeral-storage]: it is not enforced",
            ]
        ),
    ])
    func `fields of a container`(fields: String, expected: [String]) throws {
        #expect(try ofContainer(fields) == expected)
    }

    @Test(arguments: [
        (#""emptyDir":{"medium":"Memory","sizeLimit":"1Mi"}"#, []),
        (#""emptyDir":{"sizeLimit":"1Mi"}"#, ["emptyDir.sizeLimit: it is not enforced on disk"]),
        (#""nfs":{"path":"/","server":"s"}"#, ["! nfs: volumes of this type cannot be mounted"]),
        (#""persistentVolumeClaim":{"claimName":"c"}"#, ["! persistentVolumeClaim: volumes of this type cannot be mounted"]),
        (
            #""projected":{"sources":[{"configMap":{"name":"m"}},{"serviceAccountToken":{"path":"t"}}]}"#,
            ["! projected.sources[1].serviceAccountToken: there is nobody to issue tokens"]
        ),
    ])
    func `volumes`(fields: String, expected: [String]) throws {
        let found = try findings(#"{"volumes":[{"name":"v",\#(fields)}]}"#)
        #expect(found.map { $0.replacing("spec.volumes[0].", with: "") } == expected)
    }
}
