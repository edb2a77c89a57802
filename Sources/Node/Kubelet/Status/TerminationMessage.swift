internal import CRI
internal import KubernetesAPI

/// What a container that has ended wants to be known about its end.
struct TerminationMessage: Sendable {
    private static let maxBytes = 4_096
    private static let maxLogLines = 80
    private static let maxLogBytes = 2_048
    /// Enough for the lines above with their prefixes, unless they are long; then the bytes above come from fewer lines.
    private static let logWindowBytes = 256 * 1_024

    private let file: String?
    private let log: String?

    /// - Parameter container: An ended one.
    init(_ container: RuntimeContainer, _ pod: Pod, _ paths: PodPaths) {
        let path = container.annotations[RuntimeLabels.terminationMessagePath] ?? ""
        let attempt = container.metadata.attempt
        file =
            path.isEmpty
            ? nil
            : container.mounts.first { $0.containerPath == path }?.hostPath
                ?? paths.terminationLog(pod.uid, container.metadata.name, attempt: attempt)
        let usesLog = container.annotations[RuntimeLabels.terminationMessagePolicy] == "FallbackToLogsOnError"
        log = usesLog && container.exitCode != 0 && !container.logPath.isEmpty ? container.logPath : nil
    }

    /// Blocks. A message that cannot be read is none.
    func read() -> String {
        if let file, let bytes = try? PodFiles.read(file, maxBytes: Self.maxBytes), !bytes.isEmpty {
            return String(decoding: bytes, as: UTF8.self)
        }
        guard let log, let bytes = try? PodFiles.read(log, maxBytes: Self.logWindowBytes, fromEnd: true) else { return "" }
        return Self.tail(ofLog: bytes, isWhole: bytes.count < Self.logWindowBytes)
    }

    /// Content of the last lines of a log in the CRI's format: `<time> <stream> <tags> <content>`.
    static func tail(ofLog bytes: [UInt8], isWhole: Bool = true) -> String {
        var lines = bytes.split(separator: UInt8(ascii: "\n"))[...]
        if !isWhole { lines = lines.dropFirst() }
        var content: [UInt8] = []
        for line in lines.suffix(maxLogLines) {
            let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count == 4 else { continue }
            content += parts[3]
            let isPartial = parts[2].first == UInt8(ascii: "P")
            if !isPartial { content.append(UInt8(ascii: "\n")) }
        }
        return String(decoding: content.suffix(maxLogBytes), as: UTF8.self)
    }
}
