import Foundation

enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
}

/// Manifests that many tests use.
enum Manifest {
    /// A pod of one container, `main`, that runs a shell command once, as it is written: its `$` are kept from Kubernetes's own
    /// expansion. `pod` and `container` are YAML in flow style: `a: 1, b: 2`.
    static func busybox(name: String = "pod", command: String, pod: String = "", container: String = "") -> String {
        one(
            name, image: "busybox", command: "command: [sh, -c, \(quoted(command.replacing("$", with: "$$")))]",
            pod: "restartPolicy: Never" + (pod.isEmpty ? "" : ", \(pod)"), container: container)
    }

    /// A pod of one container, `main`, that stays until it is stopped.
    static func fixture(_ name: String, pod: String = "", container: String = "", arguments: String = "run") -> String {
        one(name, image: "fixture", command: "args: [\(arguments)]", pod: pod, container: container)
    }

    static func sleeper(_ name: String) -> String {
        one(name, image: "busybox", command: "command: [sleep, \"100000\"]", pod: "terminationGracePeriodSeconds: 0", container: "")
    }

    private static func one(_ name: String, image: String, command: String, pod: String, container: String) -> String {
        let grace = pod.contains("terminationGracePeriodSeconds") ? "" : "terminationGracePeriodSeconds: 1, "
        return """
            apiVersion: v1
            kind: Pod
            metadata: {name: \(name)}
            spec: {\(grace)\(pod.isEmpty ? "" : "\(pod), ")containers: [{name: main, image: \(image), \
            \(command)\(container.isEmpty ? "" : ", \(container)")}]}
            """
    }

    /// A YAML string in double quotes.
    static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
    }
}
