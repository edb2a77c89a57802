import APIMachinery
internal import HTTPClient
import Glibc
import LinuxSystem

/// Fetches one blob into a file, going on where an earlier attempt or an earlier process has stopped. Digest and size are checked on
/// the way; what comes beyond the descriptor's size is not taken.
struct BlobDownload: ~Copyable {
    private let blob: Descriptor
    private let file: OwnedFD
    private let configuration: RegistryConfiguration
    private let clock: any TimeSource
    /// Told how many bytes are there.
    private let progress: @Sendable (Int64) -> Void
    /// Of what is in the file.
    private var hash = SHA256Stream()
    /// Some of the file came by an earlier request.
    private var isPieced = false
    private var hasStartedOver = false

    init(
        _ blob: Descriptor, into file: consuming OwnedFD, _ connector: RegistryConnector, progress: @escaping @Sendable (Int64) -> Void
    ) {
        self.blob = blob
        self.file = file
        configuration = connector.configuration
        clock = connector.clock
        self.progress = progress
    }

    /// - Parameter sessions: Servers that may have it, tried in this order.
    /// - Throws: `.refused` when the content is not what the descriptor says; `.unavailable` when no server gives it.
    mutating func run(from sessions: [RegistrySession]) async throws(ImageError) {
        try readWhatIsThere()
        var server = 0
        while true {
            try await fill(from: sessions, &server)
            let actual = hash.digest
            if actual == blob.digest { return }
            // Pieces of different requests may not belong together: once more, in one piece. Else another server may be honest.
            if isPieced, !hasStartedOver {
                hasStartedOver = true
            } else {
                server += 1
                guard server < sessions.count else { throw .refused("blob \(blob.digest): digest mismatch, the content is \(actual)") }
            }
            try startOver()
        }
    }

    // MARK: Attempts

    /// A connection that brings less than this has not helped much.
    private static let progressBytes: Int64 = 64 << 10

    private mutating func fill(from sessions: [RegistrySession], _ server: inout Int) async throws(ImageError) {
        var (failures, best) = (0, hash.byteCount)
        while hash.byteCount < blob.sizeBytes {
            do throws(ImageError) {
                try await attempt(sessions[server])
                guard hash.byteCount < blob.sizeBytes else { return }
                throw .unavailable("blob \(blob.digest) ends after \(hash.byteCount) of \(blob.sizeBytes) bytes")
            } catch {
                if Task.isCancelled { throw .cancelled }
                failures = hash.byteCount >= best + Self.progressBytes ? 1 : failures + 1
                best = max(best, hash.byteCount)
                if error.code == .unavailable, failures < configuration.maxAttempts {
                    await pause(after: failures)
                } else {
                    guard error.code != .failed, server + 1 < sessions.count else { throw error }
                    (server, failures) = (server + 1, 0)
                }
            }
        }
    }

    private func pause(after failures: Int) async {
        // Cancelled: the next attempt finds that out.
        try? await clock.sleep(for: configuration.retryDelay * (1 << min(failures - 1, 6)))
    }

    private mutating func attempt(_ session: RegistrySession) async throws(ImageError) {
        let offset = hash.byteCount
        let headers: HTTPHeaders = offset > 0 ? ["Range": "bytes=\(offset)-"] : [:]
        let answer = try await session.send("GET", "blobs/\(blob.digest)", headers: headers)
        defer { answer.close() }
        switch answer.status {
        case 200:
            if offset > 0 { try startOver() }
            if let length = answer.headers["Content-Length"].flatMap({ Int64($0) }), length != blob.sizeBytes {
                throw .refused("blob \(blob.digest) has \(length) bytes, its descriptor says \(blob.sizeBytes)")
            }
        case 206 where Self.begin(of: answer.headers["Content-Range"]) == offset: isPieced = offset > 0
        case 206, 416:
            try startOver()
            throw .unavailable("blob \(blob.digest): the registry can't go on at byte \(offset)")
        default: throw await answer.failure(action: "pull")
        }
        while let bytes = try await answer.read() { try append(bytes) }
    }

    /// `bytes 100-199/200` begins at 100.
    static func begin(of contentRange: String?) -> Int64? {
        guard let text = contentRange, text.hasPrefix("bytes ") else { return nil }
        return Int64(text.dropFirst("bytes ".count).prefix { $0 != "-" })
    }

    // MARK: The file

    private mutating func append(_ bytes: [UInt8]) throws(ImageError) {
        guard hash.byteCount + Int64(bytes.count) <= blob.sizeBytes else {
            throw .refused("blob \(blob.digest) has more than the \(blob.sizeBytes) bytes its descriptor says")
        }
        do {
            let offset = hash.byteCount
            try unsafe bytes.span.bytes.withUnsafeBytes { (buffer) throws(Errno) in unsafe try file.write(buffer, at: offset) }
        } catch { throw .failed("write blob \(blob.digest)", error) }
        unsafe bytes.span.bytes.withUnsafeBytes { buffer in unsafe hash.update(buffer) }
        progress(hash.byteCount)
    }

    private mutating func startOver() throws(ImageError) {
        do { try check(ftruncate(file.rawValue, 0)) } catch { throw .failed("write blob \(blob.digest)", error) }
        hash = SHA256Stream()
        isPieced = false
        progress(0)
    }

    private mutating func readWhatIsThere() throws(ImageError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { unsafe buffer.deallocate() }
        do throws(Errno) {
            guard try file.status.size <= blob.sizeBytes else { return try check(ftruncate(file.rawValue, 0)) }
            while true {
                let count = unsafe try file.read(into: buffer)
                if count == 0 { break }
                unsafe hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        } catch { throw .failed("read blob \(blob.digest)", error) }
        isPieced = hash.byteCount > 0
        progress(hash.byteCount)
    }
}
