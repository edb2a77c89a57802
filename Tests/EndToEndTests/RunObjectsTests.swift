import Foundation
import Testing

extension EndToEnd {
    /// `swiftlet run` with ConfigMaps and Secrets beside the pods.
    @Suite struct RunObjectsTests {}
}

extension EndToEnd.RunObjectsTests {
    private static let objects = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings}
        data: {greeting: hello, app.conf: "a = 1\\n"}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: keys}
        data: {token: czNjcjN0}
        stringData: {user: me}
        ---

        """

    @Test func `volumes and variables hold what the objects say`() throws {
        try withMachine { machine throws in
            let pod = """
                apiVersion: v1
                kind: Pod
                metadata: {name: pod, labels: {tier: web}}
                spec:
                  restartPolicy: Never
                  volumes:
                    - {name: conf, configMap: {name: settings, items: [{key: app.conf, path: etc/app.conf}]}}
                    - {name: keys, secret: {secretName: keys, defaultMode: 0400}}
                    - name: all
                      projected:
                        sources:
                          - {configMap: {name: settings, items: [{key: greeting, path: greeting}]}}
                          - {secret: {name: keys}}
                          - {downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
                  containers:
                    - name: main
                      image: busybox
                      env:
                        - {name: GREETING, valueFrom: {configMapKeyRef: {name: settings, key: greeting}}}
                        - {name: TOKEN, valueFrom: {secretKeyRef: {name: keys, key: token}}}
                        - {name: NONE, valueFrom: {secretKeyRef: {name: none, key: none, optional: true}}}
                      envFrom: [{prefix: KEY_, secretRef: {name: keys}}]
                      command: [sh, -c, 'echo $GREETING $TOKEN $KEY_user ${NONE-unset}; cat /conf/etc/app.conf /all/greeting /all/user /all/labels;
                        echo; stat -Lc %a /keys/token; mount | grep -c "/keys type tmpfs"; echo x > /keys/token']
                      volumeMounts: [{name: conf, mountPath: /conf}, {name: keys, mountPath: /keys}, {name: all, mountPath: /all}]

                """
            // In any order: the objects may come last.
            for text in [Self.objects + pod, pod + "---\n" + Self.objects] {
                let result = try machine.swiftlet(["run"], ["-f", try machine.manifest(text)])
                #expect(
                    result.stdout.split(separator: "\n").map { $0.replacing("main | ", with: "") }
                        == ["hello s3cr3t me unset", "a = 1", "hellometier=\"web\"", "400", "1"], "\(result.stdout)")
                #expect(result.status == 1 && result.stderr.contains("Read-only file system"), "\(result.stderr)")
            }
        }
    }

    /// Fields of the pod, fields of its container, what is said.
    @Test(arguments: [
        (
            "", "envFrom: [{configMapRef: {name: none}}]",
            "container main of pod pod can't start: CreateContainerConfigError: configmap \"none\" not found"
        ),
        (
            "", "env: [{name: A, valueFrom: {secretKeyRef: {name: keys, key: none}}}]",
            "container main of pod pod can't start: CreateContainerConfigError: couldn't find key none in Secret default/keys"
        ),
        (
            "volumes: [{name: v, configMap: {name: none}}]", "",
            "pod pod can't start: FailedMount: MountVolume.SetUp failed for volume \"v\" : configmap \"none\" not found"
        ),
    ])
    func `what is missing ends the run at once, in the kubelet's words`(pod: String, container: String, message: String) throws {
        try withMachine { machine throws in
            let file = try machine.manifest(Self.objects + Manifest.busybox(command: "true", pod: pod, container: container))
            let result = try machine.swiftlet(["run"], ["-f", file], deadlineSeconds: 20)
            #expect(result.status == 1)
            #expect(result.stderr.contains("swiftlet: \(message)\n"), "\(result.stderr)")
        }
    }

    @Test func `what can never run is refused before anything starts`() throws {
        try withMachine { machine throws in
            let file = try machine.manifest(
                Manifest.busybox(command: "true", pod: "volumes: [{name: v, nfs: {server: s, path: /}}]"))
            let result = try machine.swiftlet(["run"], ["-f", file])
            #expect(result.status == 2)
            #expect(result.stderr == "\(file): pod pod: spec.volumes[0].nfs: volumes of this type cannot be mounted\n")
        }
    }

    @Test func `what is not acted on is warned about, and refused with --strict`() throws {
        try withMachine { machine throws in
            let file = try machine.manifest(
                Manifest.busybox(command: "true", pod: "priorityClassName: high", container: "resizePolicy: []"))
            let line = "\(file): pod pod: spec.priorityClassName: no pod is evicted or preempted for another\n"
            let lax = try machine.swiftlet(["run"], ["-f", file])
            #expect(lax.status == 0 && lax.stderr.contains("warning: \(line)"), "\(lax.stderr)")
            let strict = try machine.swiftlet(["run"], ["-f", file, "--strict"])
            #expect(strict.status == 2 && strict.stderr == line, "\(strict.stderr)")
        }
    }

    @Test func `other kinds are named, with those that are taken`() throws {
        try withMachine(images: []) { machine throws in
            let file = try machine.manifest("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n")
            let result = try machine.swiftlet(["run"], ["-f", file])
            #expect(result.status == 2)
            #expect(
                result.stderr
                    == "\(file):2: kind: Unsupported value: \"Deployment\": supported values: \"Pod\", \"ConfigMap\", \"Secret\", \"PodList\", \"List\"\n"
            )
        }
    }

    /// The daemon raises its own limit, which is no business of its containers.
    @Test func `containers have the limit of descriptors that the caller has`() throws {
        try withMachine { machine throws in
            let file = try machine.manifest(Manifest.busybox(command: "ulimit -Sn; ulimit -Hn"))
            let line = ([Program.swiftlet, "run"] + machine.instance).joined(separator: " ")
            #expect(try shell("ulimit -Sn 900; ulimit -Hn 9000; \(line) -f \(file)") == "main | 900\nmain | 9000\n")
        }
    }

    @Test(arguments: ["0", "-2"]) func `a limit of no processes is refused`(limit: String) throws {
        try withMachine(images: []) { machine throws in
            let file = try machine.manifest(Manifest.busybox(command: "true"))
            let result = try machine.swiftlet(["run"], ["-f", file, "--pod-max-pids=\(limit)"])
            #expect(result.status == 2)
            #expect(result.stderr == "swiftlet: --pod-max-pids \(limit): must be -1 or more than 0\n")
        }
    }

    /// Where the controller is missing, as on a machine with cgroup v1, the pod says so.
    @Test func `a limit of processes stands in the pod's cgroup or among what is not enforced`() throws {
        try withMachine { machine throws in
            let file = try machine.manifest(Manifest.busybox(command: "true"))
            let result = try machine.swiftlet(["run"], ["-f", file, "--pod-max-pids", "77", "-o", "json"])
            #expect(result.status == 0)
            let hasController =
                (try? String(contentsOfFile: "/sys/fs/cgroup/cgroup.controllers", encoding: .utf8).contains("pids")) ?? false
            #expect(result.stdout.contains("\"notEnforced\"") != hasController, "\(result.stdout)")
            #expect(result.stderr.contains("NotEnforced: pids.max") != hasController, "\(result.stderr)")
        }
    }

    @Test func `an image that no registry gives is told of in the words of the registry client`() throws {
        try withMachine { machine throws in
            let absent = try machine.manifest(
                Manifest.busybox(command: "true").replacing("image: busybox", with: "image: 127.0.0.1:1/absent:1"))
            let result = try machine.swiftlet(["run"], ["-f", absent])
            #expect(result.status == 1)
            #expect(
                result.stderr.contains(
                    "failed to pull and unpack image \"127.0.0.1:1/absent:1\": failed to resolve reference \"127.0.0.1:1/absent:1\": failed to do "
                        + "request: Head \"http://127.0.0.1:1/v2/absent/manifests/1\": dial tcp 127.0.0.1:1: connect: connection refused"
                ),
                "\(result.stderr)")
        }
    }
}
