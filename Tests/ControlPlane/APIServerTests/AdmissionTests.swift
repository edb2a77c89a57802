import APIMachinery
import APIServer
import Testing

@Suite struct AdmissionTests {
    let pods = "/api/v1/namespaces/default/pods"

    func server() async throws -> TestServer {
        let test = try await TestServer(usesPlainRules: false, admission: DefaultAdmission.plugins)
        try await test.create("/api/v1/namespaces/default/serviceaccounts", ["metadata": ["name": "default"]])
        return test
    }

    func pod(_ name: String, _ resources: JSONValue = [:]) -> JSONValue {
        ["metadata": ["name": .string(name)], "spec": ["containers": [["name": "c", "image": "busybox:1", "resources": resources]]]]
    }

    @Test func `a pod gets its account, token, tolerations and priority`() async throws {
        let test = try await server()
        let made = try await test.create(pods, pod("p"))
        #expect(made[path: "spec.serviceAccountName"] == "default")
        #expect(made[path: "spec.tolerations"]?.arrayValue?.count == 2)
        #expect(made[path: "spec.priority"] == 0)
        let mounts = made[path: "spec.containers"]?[0]?["volumeMounts"]
        #expect(mounts?[0]?["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount")
        #expect(mounts?[0]?["name"] == made[path: "spec.volumes"]?[0]?["name"])
    }

    @Test func `services share no address and no port`() async throws {
        let test = try await server()
        let services = "/api/v1/namespaces/default/services"
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<40 {
                group.addTask {
                    let body: JSONValue = [
                        "metadata": ["name": .string("s\(index)")], "spec": ["type": "NodePort", "ports": [["port": 80]]],
                    ]
                    _ = await test.send("POST", services, body)
                }
            }
        }
        let made = try await test.json("GET", services)["items"]?.arrayValue ?? []
        #expect(made.count == 40)
        #expect(Set(made.compactMap { $0[path: "spec.clusterIP"] }).count == 40)
        #expect(Set(made.compactMap { $0[path: "spec.ports"]?[0]?["nodePort"] }).count == 40)
    }

    @Test func `a quota is never overdrawn`() async throws {
        let test = try await server()
        let quotas = "/api/v1/namespaces/default/resourcequotas"
        try await test.create(quotas, ["metadata": ["name": "q"], "spec": ["hard": ["pods": "3", "requests.cpu": "1"]]])
        let status: JSONValue = ["status": ["hard": ["pods": "3", "requests.cpu": "1"], "used": ["pods": "0", "requests.cpu": "0"]]]
        _ = await test.send("PATCH", quotas + "/q/status", status, headers: ["Content-Type": "application/merge-patch+json"])
        let codes = await withTaskGroup(of: Int.self) { group -> [Int: Int] in
            for index in 0..<10 {
                group.addTask { await test.send("POST", pods, pod("p\(index)", ["requests": ["cpu": "100m"]])).status }
            }
            return await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(codes == [201: 3, 403: 7])
        let quota = try await test.json("GET", quotas + "/q")
        #expect(quota[path: "status.used"]?["requests.cpu"] == "300m")
    }

    @Test func `a restricted namespace refuses a plain pod`() async throws {
        let test = try await server()
        let labels: JSONValue = ["pod-security.kubernetes.io/enforce": "restricted"]
        try await test.create("/api/v1/namespaces", ["metadata": ["name": "strict", "labels": labels]])
        try await test.create("/api/v1/namespaces/strict/serviceaccounts", ["metadata": ["name": "default"]])
        let refused = await test.send("POST", "/api/v1/namespaces/strict/pods", pod("p"))
        #expect(refused.status == 403)
        #expect(
            try refused.json["message"]?.stringValue?.contains("violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation")
                == true)
    }
}
