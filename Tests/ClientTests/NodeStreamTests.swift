import Foundation
import Testing

enum RealPods {
    static let arePossible: Bool = {
        let arePossible = getuid() == 0 && access("/bin/busybox", X_OK) == 0
        if !arePossible { print("tests of streams skipped: they need root and /bin/busybox") }
        return arePossible
    }()
}

/// logs, exec, attach, cp, port-forward and top of a real kubectl on a real pod.
@Suite(.serialized, .enabled(if: Kubectl.isThere && RealPods.arePossible)) struct NodeStreamTests {
    private static let pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: p, labels: {app: p}}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - {name: main, image: "busybox:1", imagePullPolicy: Never, command: [sh, -c, "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.1; done"]}
          - {name: cat, image: "busybox:1", imagePullPolicy: Never, stdin: true, command: [cat]}
          - {name: web, image: "busybox:1", imagePullPolicy: Never, command: [httpd, -f, -p, "8080", -h, /data]}
          - {name: shell, image: "busybox:1", imagePullPolicy: Never, stdin: true, tty: true, command: [sh]}
        """

    /// A cluster of one node with the pod running on it.
    private func run(_ kubectl: Kubectl, _ body: (KubectlSession) throws -> Void) throws {
        // One at a time on a machine: pods' networks are the machine's.
        let number = UInt8.random(in: 1...250)
        try Daemon.with(["up", "--pod-cidr", "10.251.\(number).0/24", "--kubelet-port", "0", "--node-name", "streams"]) { daemon in
            defer { _ = try? daemon.swiftlet("down \(daemon.directories)") }
            let session = try KubectlSession(kubectl, daemon)
            let image = try session.run(
                """
                mkdir -p root/bin root/tmp root/data root/etc; cp /bin/busybox root/bin/
                for applet in sh cat tar echo sleep stty test ls head dd wc httpd mkdir rm; do ln -sf busybox root/bin/$applet; done
                head -c 104857600 /dev/urandom > big; cp big root/data/big
                '\(Daemon.program)' image import \(daemon.directories) --tag busybox:1 root
                """)
            #expect(image.status == 0, "\(image.stderr)")
            let ready = try session.run(
                "cat > pod.yaml <<'Y'\n\(Self.pod)\nY\nkubectl apply -f pod.yaml && kubectl wait --for=condition=Ready pod/p --timeout=30s")
            #expect(ready.status == 0, "\(ready.stderr)")
            try body(session)
        }
    }

    @Test(arguments: Kubectl.all) func `streams of a pod`(kubectl: Kubectl) throws {
        try run(kubectl) { session in
            try logs(session)
            try exec(session)
            try attach(session)
            try copy(session)
            try forward(session)
            try top(session)
        }
    }

    private func logs(_ session: KubectlSession) throws {
        let tail = try session.run("kubectl logs p -c main --tail=2")
        #expect(tail.stdout.split(separator: "\n").count == 2)
        let followed = try session.run("timeout 20 kubectl logs p -c main -f | head -n 30")
        #expect(followed.stdout == (1...30).map { "line \($0)\n" }.joined())
        let limited = try session.run("kubectl logs p -c main --limit-bytes=8")
        #expect(limited.stdout == "line 1\nl")
        let nobody = try session.run("kubectl logs p -c main --as=somebody")
        #expect(nobody.status == 1 && nobody.stdout == "" && nobody.stderr.contains("forbidden"))
        let previous = try session.run("kubectl logs p -c main --previous")
        #expect(previous.stderr.contains("previous terminated container \"main\" in pod \"p\" not found"))
    }

    private func exec(_ session: KubectlSession) throws {
        let echo = try session.run("printf 'one\\ntwo\\n' | kubectl exec -i p -c main -- cat")
        #expect(echo.stdout == "one\ntwo\n")
        let code = try session.run("kubectl exec p -c main -- sh -c 'echo out; echo err >&2; exit 3'")
        #expect(code.status == 3 && code.stdout == "out\n")
        #expect(code.stderr == "err\ncommand terminated with exit code 3\n")
        let missing = try session.run("kubectl exec p -c main -- nosuch")
        #expect(missing.status != 0 && missing.stderr.contains("error executing command in container"))
        let nobody = try session.run("kubectl exec p -c main --as=somebody -- echo hi")
        #expect(nobody.status == 1 && nobody.stdout == "")
        let terminal = try session.run("python3 terminal.py kubectl exec -it p -c main -- sh")
        #expect(terminal.status == 0, "\(terminal.stdout)\(terminal.stderr)")
    }

    private func attach(_ session: KubectlSession) throws {
        let attached = try session.run("(echo hello; sleep 1) | timeout 20 kubectl attach -i p -c cat | head -n 1")
        #expect(attached.stdout == "hello\n")
    }

    private func copy(_ session: KubectlSession) throws {
        let there = try session.run("kubectl cp big p:/tmp/copy -c main && kubectl cp p:/tmp/copy back -c main && cmp big back")
        #expect(there.status == 0, "\(there.stderr)")
    }

    private func forward(_ session: KubectlSession) throws {
        let fetched = try session.run(
            """
            kubectl port-forward p :8080 > forward.out 2> forward.err & forward=$!
            for i in $(seq 100); do grep -q Forwarding forward.out && break; sleep 0.1; done
            port=$(sed -n 's/.*127.0.0.1:\\([0-9]*\\) .*/\\1/p' forward.out)
            curl -sS http://127.0.0.1:$port/big | cmp - big; code=$?
            kill $forward; exit $code
            """)
        #expect(fetched.status == 0, "\(fetched.stdout)\(fetched.stderr)")
    }

    private func top(_ session: KubectlSession) throws {
        let pods = try session.run("kubectl top pod p --containers --no-headers")
        #expect(pods.stdout.split(separator: "\n").count == 4, "\(pods.stderr)")
        let nodes = try session.run("kubectl top node --no-headers")
        #expect(nodes.stdout.contains("streams") && nodes.stdout.contains("%"), "\(nodes.stdout)\(nodes.stderr)")
        let raw = try session.run("kubectl get --raw /api/v1/nodes/streams/proxy/stats/summary")
        #expect(raw.stdout.contains("\"podRef\":{\"name\":\"p\""), "\(raw.stderr)")
    }
}
