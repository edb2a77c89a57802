import APIMachinery
import Glibc
internal import HTTPClient
import LinuxSystem

extension RegistryClient {
    /// Sends an image of the store to a registry. What the registry has already is not sent again.
    ///
    /// - Parameters:
    ///   - nameOrID: The image in the store.
    ///   - destination: With a tag.
    /// - Returns: The manifest's digest.
    @discardableResult
    package func push(
        _ nameOrID: String, to destination: ImageReference, credential: RegistryCredential? = nil,
        progress: @escaping ImageObserver = { _ in }
    ) async throws(ImageError) -> Digest {
        do throws(ImageError) {
            guard destination.digest == nil else { throw .invalid("\(destination) has a digest; an image is pushed to a tag") }
            guard let image = try store.image(nameOrID) else { throw .missing(nameOrID) }
            guard let session = sessions(destination, credential, actions: "pull,push").first else { throw .invalid("no registry") }
            let push = ImagePush(store: store, session: session, image: image, progress: progress)
            return try await withTaskExecutorPreference(executor) { () async throws(ImageError) in
                try await push.run(tag: destination.tag ?? "latest")
            }
        } catch { throw ImageError(error.code, "failed to push \(quoted("\(destination)"))", cause: error) }
    }
}

/// One push.
private struct ImagePush: Sendable {
    let store: ImageStore
    let session: RegistrySession
    let image: Image
    let progress: ImageObserver

    func run(tag: String) async throws(ImageError) -> Digest {
        let (bytes, mediaType) = try manifest()
        var blobs: [Digest: Int64] = [:]
        for layer in image.layers { blobs[layer.blob] = layer.blobBytes }
        blobs[image.id] = try store.content.size(of: image.id) ?? 0
        let total = blobs.values.reduce(0, +)
        var done: Int64 = 0
        for (digest, size) in blobs.sorted(by: { $0.key < $1.key }) {
            try await send(digest, size, done: done, total: total)
            done += size
        }
        let answer = try await session.send(
            "PUT", session.endpoint.url(session.repository, "manifests/\(tag)"), headers: ["Content-Type": mediaType], body: bytes)
        guard answer.isSuccess else { throw await answer.failure(action: "push") }
        answer.close()
        return Digest(of: bytes)
    }

    // MARK: The manifest

    /// As the image came, or made for one that came without a manifest.
    private func manifest() throws(ImageError) -> ([UInt8], mediaType: String) {
        if let digest = image.manifest {
            let bytes = try store.content.contents(of: digest, limit: store.limits.metadataBytes)
            return (bytes, try ManifestMediaType.of(try MetadataField(parsing: bytes, name: "manifest \(digest)"), contentType: nil))
        }
        var layers: [JSONValue] = []
        for layer in image.layers {
            layers.append(descriptor(try mediaType(of: layer.blob), layer.blob, layer.blobBytes))
        }
        let config = descriptor(
            "application/vnd.oci.image.config.v1+json", image.id, try store.content.size(of: image.id) ?? 0)
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(ManifestMediaType.ociManifest), "config": config, "layers": .array(layers),
        ]
        return (manifest.serialized(), ManifestMediaType.ociManifest)
    }

    private func descriptor(_ mediaType: String, _ digest: Digest, _ size: Int64) -> JSONValue {
        ["mediaType": .string(mediaType), "digest": .string(digest.description), "size": .integer(size)]
    }

    /// By the magic number at the beginning.
    private func mediaType(of layer: Digest) throws(ImageError) -> String {
        let tar = "application/vnd.oci.image.layer.v1.tar"
        let file = try store.content.open(layer)
        let begin: [UInt8]
        do { begin = try file.read(upTo: 6) } catch { throw .failed("read blob \(layer)", error) }
        if begin.starts(with: [0x1F, 0x8B]) { return "\(tar)+gzip" }
        if begin.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) { return "\(tar)+zstd" }
        let foreign: [[UInt8]] = [[0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], Array("BZh".utf8)]
        guard !foreign.contains(where: { begin.starts(with: $0) }) else {
            throw .refused("layer \(layer) is compressed with xz or bzip2, which registries have no media type for")
        }
        return tar
    }

    // MARK: Blobs

    private func send(_ digest: Digest, _ size: Int64, done: Int64, total: Int64) async throws(ImageError) {
        let known = try await session.send("HEAD", "blobs/\(digest)")
        known.close()
        if known.isSuccess { return }
        guard known.status == 404 else { throw await known.failure(action: "push") }
        let begun = try await session.send("POST", session.endpoint.url(session.repository, "blobs/uploads/"))
        guard begun.status == 202, let location = begun.headers["Location"], var url = begun.url.resolving(location) else {
            throw await begun.failure(action: "push")
        }
        begun.close()
        url.target += (url.target.contains("?") ? "&" : "?") + "digest=\(PercentEncoding.encoded("\(digest)"))"
        let answer = try await session.send("PUT", url, headers: ["Content-Type": "application/octet-stream"]) { () throws(ImageError) in
            let reader = BlobReader(file: try store.content.open(digest))
            return Upload(byteCount: size) { [progress] in
                let bytes = try reader.next()
                progress(ImportProgress(phase: .uploading, completedBytes: done + reader.position, totalBytes: total))
                return bytes
            }
        }
        guard answer.isSuccess else { throw await answer.failure(action: "push") }
        answer.close()
    }
}

/// A blob of the store, a piece at a time.
private final class BlobReader: Sendable {
    private let file: OwnedFD

    init(file: consuming OwnedFD) { self.file = file }

    var position: Int64 { Int64(lseek(file.rawValue, 0, SEEK_CUR)) }

    func next() throws(Errno) -> [UInt8]? {
        let bytes = try file.read(upTo: 256 << 10)
        return bytes.isEmpty ? nil : bytes
    }
}

extension OwnedFD {
    /// As many of the next bytes as there are, at most `count`.
    fileprivate func read(upTo count: Int) throws(Errno) -> [UInt8] {
        var failure: Errno?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(Errno) { filled = unsafe try read(into: UnsafeMutableRawBufferPointer(buffer)) } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }
}
