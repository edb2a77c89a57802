import Foundation
import Testing

extension EndToEnd {
    /// NetworkPolicies as people use them: objects made with kubectl, what real processes reach.
    @Suite(.enabled(if: Kubectl.isRunnable)) struct NetworkPolicyTests {}
}

extension EndToEnd.NetworkPolicyTests {
    private static func pod(_ name: String, labels: String = "{}", _ script: String) -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name), labels: \(labels)}
        spec:
          restartPolicy: Never
          terminationGracePeriodSeconds: 0
          automountServiceAccountToken: false
          containers:
          - name: main
            image: busybox
            imagePullPolicy: IfNotPresent
            command: [sh, -c, '\(script)']
        """
    }

    private static let serve = "while :; do echo hello | nc -l -p 80; done"

    private static func policy(_ name: String, _ spec: String) -> String {
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: \(name)}
        spec: \(spec)
        """
    }

    /// A pod that calls as the first thing that it does, with what it got as its log.
    private func answer(_ kubectl: Kubectl, _ name: String, labels: String, from address: String) throws -> String {
        try kubectl.create(Self.pod(name, labels: labels, "nc -w 5 \(address) 80 </dev/null 2>/dev/null || echo refused"))
        try waitUntil("\(name) has ended") { try ["Succeeded", "Failed"].contains(kubectl.get("pod/\(name)", ".status.phase")) }
        return try kubectl.run("logs", name)
    }

    @Test func `a pod is isolated before its first packet; rules stay while the daemon is away, and go with down`() throws {
        let before = KernelInventory.take()
        try withMachine { machine throws in
            let up = try machine.startUp(["--network-policies", "reject"])
            let kubectl = Kubectl(machine: machine)
            try kubectl.create(Self.policy("closed", "{podSelector: {matchLabels: {closed: 'yes'}}, policyTypes: [Ingress, Egress]}"))
            try kubectl.create(Self.pod("server", Self.serve))
            try kubectl.create(Self.pod("hidden", labels: "{closed: 'yes'}", Self.serve))
            try kubectl.run("wait", "--for=condition=Ready", "pod/server", "pod/hidden", "--timeout=30s")
            let address = try kubectl.get("pod/server", ".status.podIP")
            let hidden = try kubectl.get("pod/hidden", ".status.podIP")
            for number in 1...5 {
                #expect(try answer(kubectl, "isolated-\(number)", labels: "{closed: 'yes'}", from: address) == "refused")
            }
            #expect(try answer(kubectl, "open", labels: "{}", from: address) == "hello")
            #expect(try answer(kubectl, "to-hidden", labels: "{}", from: hidden) == "refused")
            up.kill9()
            let probe = try machine.exec("server", ["sh", "-c", "nc -w 5 \(hidden) 80 </dev/null || echo refused"])
            #expect(probe.stdout == "refused\n", "\(probe)")
            let next = try machine.startUp(["--network-policies", "reject"])
            try kubectl.run("delete", "networkpolicy", "closed")
            #expect(try answer(kubectl, "later", labels: "{closed: 'yes'}", from: hidden) == "hello")
            #expect(next.terminate() == 0)
        }
        let after = KernelInventory.settled(like: before)
        #expect(before == after, "\(before.difference(to: after))")
    }
}
