import Foundation
import Testing

extension EndToEnd {
    /// What a pod does over its life: restarts, ends, hooks, messages.
    @Suite struct BehaviourTests {}
}

extension EndToEnd.BehaviourTests {
    @Test func `a container that keeps failing is restarted, backs off and is said to`() throws {
        try withMachine { machine throws in
            let manifest = """
                apiVersion: v1
                kind: Pod
                metadata: {name: crash}
                spec:
                  containers: [{name: main, image: busybox, command: [sh, -c, 'echo instance at $(cat /proc/uptime); exit 3']}]
                """
            _ = try machine.manifest(manifest, name: "manifests/crash.yaml")
            let agent = try machine.startAgent()
            let row = try agent.waitFor("crash", "backs off after a restart", deadlineSeconds: 40) {
                $0.container("main")?.reason == "CrashLoopBackOff" && ($0.container("main")?.restartCount ?? 0) >= 1
            }
            #expect(row.phase == "Running")
            #expect(row.container("main")?.message?.contains("back-off") == true)
            #expect(try machine.swiftlet(["ps"]).stdout.contains("CrashLoopBackOff"))
            let now = try machine.swiftlet(["logs"], [row.name]).stdout
            let previous = try machine.swiftlet(["logs"], ["--previous", row.name]).stdout
            #expect(now.hasPrefix("instance at") && previous.hasPrefix("instance at") && now != previous, "\(now)\(previous)")
        }
    }

    @Test(arguments: [("OnFailure", "exit 0", 0, "Succeeded"), ("Never", "exit 5", 5, "Failed"), ("Never", "exit 0", 0, "Succeeded")])
    func `the restart policy decides whether a pod ends`(policy: String, command: String, code: Int, phase: String) throws {
        try withMachine { machine throws in
            let text = Manifest.busybox(name: "pod", command: command).replacing("restartPolicy: Never", with: "restartPolicy: \(policy)")
            _ = try machine.manifest(text, name: "manifests/pod.yaml")
            let row = try machine.startAgent().waitFor("pod", "has ended") { $0.phase == phase }
            #expect(row.container("main")?.exitCode == code)
            #expect(row.container("main")?.restartCount == 0)
        }
    }

    @Test func `an ignored SIGTERM is followed by SIGKILL when the grace is over`() throws {
        try withMachine(images: ["fixture"]) { machine throws in
            let pod = try machine.manifest(
                Manifest.fixture("pod", pod: "terminationGracePeriodSeconds: 1, restartPolicy: Never", arguments: "run, --ignore-sigterm"))
            let result = try machine.swiftlet(["run"], ["-f", pod, "--timeout", "1s", "-o", "json"])
            #expect(result.stdout.contains("\"exitCode\": 137"), "\(result.stdout)")
            #expect(result.status == 1)
        }
    }

    @Test func `who ends on SIGTERM is not killed`() throws {
        try withMachine { machine throws in
            let script = "trap 'echo got TERM; exit 21' TERM; echo ready; while :; do sleep 1 & wait $!; done"
            let pod = try machine.manifest(Manifest.busybox(command: script, pod: "terminationGracePeriodSeconds: 30"))
            let result = try machine.swiftlet(["run"], ["-f", pod, "--timeout", "2s"])
            #expect(result.stdout == "main | ready\nmain | got TERM\n", "\(result.stdout)")
        }
    }

    @Test func `the preStop hook runs before the signal, the postStart hook after the start`() throws {
        try withMachine { machine throws in
            let notes = try machine.directory("notes")
            let script = "echo start >> /out/log; trap 'echo term >> /out/log; exit 0' TERM; while :; do sleep 1 & wait $!; done"
            let hooks = """
                lifecycle: {postStart: {exec: {command: [sh, -c, 'until grep start /out/log; do usleep 10000; done; echo post >> /out/log']}}, \
                preStop: {exec: {command: [sh, -c, 'usleep 200000; echo pre >> /out/log']}}}
                """
            let manifest = Manifest.busybox(
                name: "pod", command: script,
                pod: "terminationGracePeriodSeconds: 20, volumes: [{name: out, hostPath: {path: \(notes.path)}}]",
                container: "\(hooks), volumeMounts: [{name: out, mountPath: /out}]")
            let file = try machine.manifest(manifest, name: "manifests/pod.yaml")
            let agent = try machine.startAgent()
            try agent.waitUntilRunning("pod")
            let log = notes.appending(path: "log")
            try waitUntil("the hook has run") { try String(contentsOf: log, encoding: .utf8) == "start\npost\n" }
            try FileManager.default.removeItem(atPath: file)
            try agent.waitUntilGone("pod")
            #expect(try String(contentsOf: log, encoding: .utf8) == "start\npost\npre\nterm\n")
        }
    }

    @Test func `a sidecar starts before the containers and ends after them`() throws {
        try withMachine { machine throws in
            let pod = try machine.manifest(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: pod}
                spec:
                  restartPolicy: Never
                  terminationGracePeriodSeconds: 10
                  volumes: [{name: out, emptyDir: {}}]
                  initContainers:
                    - name: side
                      image: busybox
                      restartPolicy: Always
                      command: [sh, -c, "touch /out/side; trap 'echo side ends, main is $(cat /out/main); exit 0' TERM; while :; do sleep 1 & wait $!; done"]
                      volumeMounts: [{name: out, mountPath: /out}]
                  containers:
                    - name: main
                      image: busybox
                      command: [sh, -c, 'until [ -e /out/side ]; do usleep 10000; done; echo main sees side; echo over > /out/main']
                      volumeMounts: [{name: out, mountPath: /out}]
                """)
            let result = try machine.swiftlet(["run"], ["-f", pod, "--timeout", "40s"])
            #expect(result.status == 0, "\(result.stderr)")
            #expect(result.stdout.contains("main | main sees side\n"), "\(result.stdout)")
            #expect(result.stdout.contains("side | side ends, main is over\n"), "\(result.stdout)")
        }
    }

    @Test(arguments: [
        ("echo -n because > /dev/termination-log; exit 1", "", "because"),
        ("echo -n elsewhere > /tmp/message; exit 0", "terminationMessagePath: /tmp/message", "elsewhere"),
        ("echo first; echo last words; exit 1", "terminationMessagePolicy: FallbackToLogsOnError", "first\nlast words\n"),
        ("echo nothing to say; exit 0", "terminationMessagePolicy: FallbackToLogsOnError", ""),
    ])
    func `the termination message is kept`(command: String, fields: String, expected: String) throws {
        try withMachine { machine throws in
            _ = try machine.manifest(Manifest.busybox(name: "pod", command: command, container: fields), name: "manifests/pod.yaml")
            let row = try machine.startAgent().waitFor("pod", "has ended") { $0.container("main")?.exitCode != nil }
            #expect((row.container("main")?.message ?? "") == expected)
        }
    }

    @Test func `activeDeadlineSeconds ends a pod with its reason`() throws {
        try withMachine { machine throws in
            let manifest = Manifest.busybox(name: "pod", command: "sleep 1000", pod: "activeDeadlineSeconds: 1")
            _ = try machine.manifest(manifest, name: "manifests/pod.yaml")
            let row = try machine.startAgent().waitFor("pod", "has failed", deadlineSeconds: 30) { $0.phase == "Failed" }
            #expect(row.reason == "DeadlineExceeded")
            #expect(row.message?.contains("active on the node longer than the specified deadline") == true)
        }
    }

    @Test func `environment, arguments and working directory are expanded as the manifest says`() throws {
        try withMachine { machine throws in
            let fields = """
                env: [{name: A, value: one}, {name: B, value: '$(A)-two'}, {name: C, value: '$$(A) $(NONE)'}, \
                {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}], workingDir: /made/here, args: ['$(B)', '$(NONE)']
                """
            let pod = try machine.manifest(
                Manifest.busybox(command: "pwd; echo \"$B/$C/$0/$1\"; [ \"$IP\" = \"$(hostname -i)\" ] && echo address", container: fields))
            let result = try machine.swiftlet(["run"], ["-f", pod])
            #expect(result.stdout == "main | /made/here\nmain | one-two/$(A) $(NONE)/one-two/$(NONE)\nmain | address\n", "\(result.stderr)")
        }
    }
}
