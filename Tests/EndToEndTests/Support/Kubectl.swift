import Foundation

/// kubectl against a machine's `up`.
struct Kubectl {
    let machine: Machine

    /// The newest of those that `SWIFTLET_KUBECTLS` names, or the one on PATH; says so when there is none.
    static let path: String? = {
        let environment = ProcessInfo.processInfo.environment
        let named = (environment["SWIFTLET_KUBECTLS"] ?? "").split(separator: ":").map(String.init)
        let found = (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/kubectl" }
        let all = (named.reversed() + found).filter { FileManager.default.isExecutableFile(atPath: $0) }
        if all.isEmpty { print("tests with kubectl skipped: there is none on PATH, and SWIFTLET_KUBECTLS names none") }
        return all.first
    }()

    static let isRunnable = Program.isRunnable && path != nil

    @discardableResult
    func run(_ arguments: String..., deadlineSeconds: Double = 60) throws -> String {
        let result = try Program.run(
            Self.path ?? "kubectl", ["--kubeconfig", machine.kubeconfig] + arguments, deadlineSeconds: deadlineSeconds)
        guard result.status == 0 else {
            throw Machine.Failure(description: "kubectl \(arguments.joined(separator: " ")): \(result.stderr)\(machine.complaints)")
        }
        return result.stdout.trimmingCharacters(in: .newlines)
    }

    /// Makes the objects of a manifest.
    func create(_ manifest: String) throws { try run("create", "-f", try machine.manifest(manifest, name: "object.yaml")) }

    /// A field of an object by a JSONPath.
    func get(_ object: String, _ path: String) throws -> String { try run("get", object, "-o", "jsonpath={\(path)}") }

    func exists(_ object: String) throws -> Bool { try !run("get", object, "--ignore-not-found", "-o", "name").isEmpty }
}
