import Foundation
import Testing

/// A kubectl of some version.
struct Kubectl: Sendable, CustomTestStringConvertible {
    var path: String
    /// Of 1.MINOR.
    var minor: Int

    var testDescription: String { "kubectl 1.\(minor)" }

    /// SWIFTLET_KUBECTLS: paths separated by colons; otherwise the one on PATH.
    static let all: [Kubectl] = {
        paths.compactMap { path in minor(of: path).map { Kubectl(path: path, minor: $0) } }
    }()

    private static var paths: [String] {
        let environment = ProcessInfo.processInfo.environment
        if let named = environment["SWIFTLET_KUBECTLS"] { return named.split(separator: ":").map(String.init) }
        let candidates = (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/kubectl" }
        return candidates.filter { access($0, X_OK) == 0 }.prefix(1).map { $0 }
    }

    static let isThere: Bool = {
        if all.isEmpty { print("tests with kubectl skipped: there is none on PATH, and SWIFTLET_KUBECTLS names none") }
        return !all.isEmpty
    }()

    private static func minor(of path: String) -> Int? {
        struct Answer: Decodable {
            struct Version: Decodable { var minor: String }
            var clientVersion: Version
        }
        let folder = FileManager.default.temporaryDirectory.appending(path: "swiftlet-kubectl-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        guard let child = try? Child("exec '\(path)' version --client -o json", in: folder), child.wait() == 0,
            let answer = try? JSONDecoder().decode(Answer.self, from: Data(child.stdout.utf8))
        else { return nil }
        return Int(answer.clientVersion.minor.prefix { $0.isNumber })
    }
}

/// One person's shell with this kubectl, in a folder with the manifests, with an empty cache.
struct KubectlSession {
    private let folder: URL
    private let output: URL
    private let environment: [String: String]
    let masks: Masks

    init(_ kubectl: Kubectl, _ daemon: Daemon) throws {
        folder = daemon.folder.appending(path: "work")
        output = daemon.folder.appending(path: "output")
        let programs = daemon.folder.appending(path: "bin")
        let manifests = KubectlTests.folder.appending(path: "Manifests")
        try FileManager.default.copyItem(at: manifests, to: folder)
        try FileManager.default.createDirectory(at: programs, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            at: programs.appending(path: "kubectl"), withDestinationURL: URL(filePath: kubectl.path))
        environment = [
            "KUBECONFIG": daemon.kubeconfig.path, "HOME": daemon.folder.appending(path: "home").path,
            "PATH": "\(programs.path):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")", "URL": daemon.url,
            "TZ": "UTC", "LC_ALL": "C",
        ]
        masks = Masks(texts: [(daemon.url, "<url>"), (daemon.folder.path, "<dir>")])
    }

    func run(_ command: String) throws -> (status: Int32?, stdout: String, stderr: String) {
        let child = try Child("cd '\(folder.path)'; \(command)", in: output, environment: environment)
        return (child.wait(), child.stdout, child.stderr)
    }
}
