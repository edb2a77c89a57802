import APIMachinery
internal import HTTPClient

/// Finds out what a name stands for, and fetches the small documents that lead to its layers.
struct ImageResolution: Sendable {
    /// Servers that may have it, in the order in which they are asked.
    let sessions: [RegistrySession]
    let limits: ImageLimits

    /// Where a name was found.
    struct Found: Sendable {
        /// Of the manifest, or of the index of several platforms.
        var digest: Digest
        /// From here on these are asked: the one that knew it, and those after it.
        var sessions: [RegistrySession]
    }

    /// - Throws: The words of containerd: `failed to resolve reference "docker.io/library/none:latest": …`.
    func resolve(_ reference: ImageReference) async throws(ImageError) -> Found {
        var last = ImageError.notFound("\(reference): not found")
        for index in sessions.indices {
            do throws(ImageError) {
                return Found(digest: try await digest(of: reference, at: sessions[index]), sessions: Array(sessions[index...]))
            } catch {
                last = error
                if Task.isCancelled { break }
            }
        }
        throw ImageError(last.code, "failed to resolve reference \(quoted("\(reference)"))", cause: last)
    }

    private func digest(of reference: ImageReference, at session: RegistrySession) async throws(ImageError) -> Digest {
        let path = "manifests/\(reference.digest.map { "\($0)" } ?? reference.tag ?? "latest")"
        // Registries that limit pulls do not count this one.
        let head = try await session.send("HEAD", path, headers: Self.accept)
        head.close()
        if head.isSuccess, let digest = reference.digest { return digest }
        if head.isSuccess, let text = head.headers["Docker-Content-Digest"], let digest = try? Digest(text) { return digest }
        if head.status == 404 { throw .notFound("\(reference): not found") }
        guard head.isSuccess || head.status == 405 || head.status == 400 else { throw await head.failure(action: "pull") }
        let answer = try await session.send("GET", path, headers: Self.accept)
        if answer.status == 404 { throw .notFound("\(reference): not found") }
        guard answer.isSuccess else { throw await answer.failure(action: "pull") }
        return Digest(of: try await answer.collect(limit: limits.metadataBytes))
    }

    private static let accept: HTTPHeaders = ["Accept": ManifestMediaType.accepted.joined(separator: ", ")]

    // MARK: Documents

    /// The manifest for a platform.
    ///
    /// - Returns: Its digest, its bytes and what they say.
    func manifest(_ found: Found, for platform: Platform) async throws(ImageError) -> (
        digest: Digest, bytes: [UInt8], manifest: ImageManifest
    ) {
        var digest = found.digest
        for _ in 0...4 {
            let (bytes, contentType) = try await document("manifests", digest, size: nil, from: found.sessions)
            let field = try MetadataField(parsing: bytes, name: "manifest \(digest)")
            let type = try ManifestMediaType.of(field, contentType: contentType)
            guard ManifestMediaType.isIndex(type) else {
                let manifest = try ImageManifest(parsing: bytes, name: "manifest \(digest)")
                try ManifestMediaType.check(manifest)
                return (digest, bytes, manifest)
            }
            let index = try ManifestIndex(parsing: bytes, name: "index \(digest)")
            do { digest = try ManifestIndex.choose(among: index.manifests, for: platform).digest } catch {
                throw ImageError(error.code, "no match for platform in manifest", cause: error)
            }
        }
        throw .refused("indexes lead to indexes more than 4 times")
    }

    /// An image's config.
    func config(_ descriptor: Descriptor, _ found: Found) async throws(ImageError) -> [UInt8] {
        guard descriptor.sizeBytes <= limits.metadataBytes else {
            throw .refused("config \(descriptor.digest) has \(descriptor.sizeBytes) bytes, more than \(limits.metadataBytes), the limit")
        }
        return try await document("blobs", descriptor.digest, size: descriptor.sizeBytes, from: found.sessions).bytes
    }

    private static let attempts = 3

    /// A small document, checked against its digest.
    private func document(
        _ kind: String, _ digest: Digest, size: Int64?, from sessions: [RegistrySession]
    ) async throws(ImageError) -> (bytes: [UInt8], contentType: String?) {
        var last = ImageError.notFound("\(digest): not found")
        for session in sessions {
            for attempt in 1...Self.attempts {
                do throws(ImageError) {
                    return try await fetch(kind, digest, size: size, session)
                } catch {
                    if Task.isCancelled { throw .cancelled }
                    last = error
                    guard error.code == .unavailable, attempt < Self.attempts else { break }
                    // Cancelled: the next attempt finds that out.
                    try? await session.connector.clock.sleep(for: session.connector.configuration.retryDelay * attempt)
                }
            }
        }
        throw last
    }

    private func fetch(
        _ kind: String, _ digest: Digest, size: Int64?, _ session: RegistrySession
    ) async throws(ImageError) -> (bytes: [UInt8], contentType: String?) {
        let answer = try await session.send("GET", "\(kind)/\(digest)", headers: kind == "manifests" ? Self.accept : [:])
        if answer.status == 404 {
            throw .notFound("\(session.endpoint.mirrorOf ?? session.endpoint.host)/\(session.repository)@\(digest): not found")
        }
        guard answer.isSuccess else { throw await answer.failure(action: "pull") }
        let bytes = try await answer.collect(limit: limits.metadataBytes)
        if let size, Int64(bytes.count) != size { throw .refused("blob \(digest) has \(bytes.count) bytes, its descriptor says \(size)") }
        let actual = Digest(of: bytes)
        guard actual == digest else { throw .refused("blob \(digest): digest mismatch, the content is \(actual)") }
        return (bytes, answer.headers["Content-Type"])
    }
}
