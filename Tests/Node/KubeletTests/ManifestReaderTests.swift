import APIMachinery
import Glibc
import KubernetesAPI
import Testing

@testable import Kubelet

@Suite struct ManifestReaderTests {
    private static func documents(_ text: String, file: String = "pod.yaml") throws(ManifestError) -> [ManifestDocument] {
        try ManifestReader.read(Array(text.utf8), file: file)
    }

    /// The lines of the error that loading the text as pods ends with; none when it succeeds.
    private static func problems(_ text: String, file: String = "pod.yaml") -> [String] {
        do throws(ManifestError) {
            _ = try PodManifest.load(try documents(text, file: file), file: file)
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }

    private static let pod = """
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
          - name: c
            image: busybox:1

        """

    @Test func `loads a pod with defaults`() throws {
        let pods = try PodManifest.load(Self.documents(Self.pod), file: "pod.yaml")
        #expect(pods.count == 1)
        #expect(pods[0].metadata.namespace == "default")
        #expect(pods[0].spec.containers[0].imagePullPolicy == "IfNotPresent")
        #expect(pods[0].spec.restartPolicy == "Always")
    }

    @Test func `takes several documents, lists and JSON`() throws {
        let second = Self.pod.replacing("name: web", with: "name: db")
        #expect(try Self.documents(Self.pod + "---\n" + second + "---\n").map { $0.json["metadata"]?["name"] } == ["web", "db"])
        let list =
            #"{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}},{"apiVersion":"v1","kind":"ConfigMap"}]}"#
        #expect(try Self.documents(list, file: "x.json").map(\.kind) == ["Pod", "ConfigMap"])
        // As kubectl takes them; a brace in a string ends nothing.
        let stream = #"{"kind": "A", "x": "}{\"}"}\n\n {"kind":\n"B"}{"kind": "C"}\n"#.replacing(#"\n"#, with: "\n")
        for file in ["x.json", "x.yaml"] {
            let documents = try Self.documents(stream, file: file)
            #expect(documents.map(\.kind) == ["A", "B", "C"])
            #expect(documents.map { $0.position(of: FieldPath("kind")) } == [1, 3, 4])
        }
        let podList = "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n  spec: {containers: [{name: c, image: i}]}\n"
        let pods = try PodManifest.load(Self.documents(podList), file: "pods.yaml")
        #expect(pods.map(\.metadata.name) == ["a"])
    }

    @Test(
        arguments: [
            (
                "image: busybox:1", "imagee: busybox:1",
                [
                    #"pod.yaml:8: spec.containers[0].imagee: unknown field: did you mean "image"?"#,
                    "pod.yaml:7: spec.containers[0].image: Required value",
                ]
            ),
            (
                "image: busybox:1", "image: x\n    ports: [{containerPort: '80'}]",
                [#"pod.yaml:9: spec.containers[0].ports[0].containerPort: expected integer, got string "80": remove the quotes"#]
            ),
            (
                "image: busybox:1", "image: x\n    env:\n    - name: A\n      value: yes",
                ["pod.yaml:11: spec.containers[0].env[0].value: expected string, got boolean true: put it in quotes"]
            ),
            (
                "- name: c", "- {}\n  - name: c",
                ["pod.yaml:7: spec.containers[0].name: Required value", "pod.yaml:7: spec.containers[0].image: Required value"]
            ),
            ("image: busybox:1", "image: x\n  - name: c\n    image: z", [#"pod.yaml:9: spec.containers[1].name: Duplicate value: "c""#]),
            (
                "image: busybox:1", "image: x\n    image: z",
                ["pod.yaml:9: spec.containers[0].image: duplicate key: it stands already on line 8"]
            ),
            ("image: busybox:1", "image: x\n    restartPolicy: \"a", ["pod.yaml:9: a quoted string without an end"]),
            ("image: busybox:1", "image: x\n\tfoo: 1", ["pod.yaml:9: found a tab character where indentation by spaces is expected"]),
            (
                "kind: Pod", "kind: Deployment",
                [#"pod.yaml:2: kind: Unsupported value: "Deployment": supported values: "Pod", "PodList", "List""#]
            ),
            ("kind: Pod\n", "", [#"pod.yaml:1: kind: Required value: expected "Pod""#]),
            ("apiVersion: v1", "apiVersion: v2", [#"pod.yaml:1: apiVersion: Unsupported value: "v2": supported values: "v1""#]),
            (
                "  name: web", "  name: web\n  labels:\n    app: 1",
                ["pod.yaml:6: metadata.labels[app]: expected string, got integer 1: put it in quotes"]
            ),
            (
                "spec:", "spec:\n  restartPolicy: Sometimes\n  hostUsers: false\n  hostNetwork: true",
                [
                    #"pod.yaml:6: spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure""#,
                    "pod.yaml:8: spec.hostNetwork: Forbidden: when `hostUsers` is false",
                ]
            ),
            (
                "image: busybox:1", "image: busybox:1\n    resources: {limits: {cpu: 1GB}}",
                [
                    #"pod.yaml:9: spec.containers[0].resources.limits[cpu]: Invalid value: "1GB": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"#
                ]
            ),
        ] as [(String, String, [String])])
    func `says file, line, field and what is wrong`(old: String, new: String, expected: [String]) {
        let problems = Self.problems(Self.pod.replacing(old, with: new))
        #expect(problems.sorted() == expected.sorted())
    }

    @Test func `problems of a list and of several documents keep their places`() {
        let list =
            "apiVersion: v1\nkind: List\nitems:\n- \(Self.pod.replacing("\n", with: "\n  "))\n- {apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {containers: [{name: c, image: i, foo: 1}]}}\n"
        #expect(Self.problems(list) == ["pod.yaml:13: items[1].spec.containers[0].foo: unknown field"])
        let twice = Self.problems(Self.pod + "---\n" + Self.pod)
        #expect(twice == [#"pod.yaml:13: metadata.name: Duplicate value: "web": a pod of this name stands already on line 4"#])
        #expect(Self.problems("# nothing\n") == ["pod.yaml: no object in it: expected a Pod"])
        #expect(Self.problems("- a\n") == ["pod.yaml:1: expected an object, got array"])
        #expect(
            Self.problems("{\"kind\": 1}\n{\"kind\": }", file: "pod.json") == ["pod.json:2: expected a value, found '}'"])
        #expect(
            Self.problems("{\"apiVersion\":\"v1\",}", file: "pod.json") == [
                "pod.json:1: expected a member's name in double quotes, found '}'"
            ])
    }

    @Test func `reads files and says why it cannot`() throws {
        let path = "/tmp/manifest-\(UID.random()).yaml"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        defer { unlink(path) }
        let bytes = Array(Self.pod.utf8)
        #expect(write(descriptor, bytes, bytes.count) == bytes.count)
        close(descriptor)
        #expect(try PodManifest.load(path: path).map(\.metadata.name) == ["web"])
        for (path, message) in [
            ("/nonexistent.yaml", "/nonexistent.yaml: open: No such file or directory"),
            ("/tmp", "/tmp: is a directory: name a file in it"),
        ] {
            do throws(ManifestError) {
                _ = try PodManifest.load(path: path)
                #expect(Bool(false))
            } catch { #expect(error.description == message) }
        }
    }
}
