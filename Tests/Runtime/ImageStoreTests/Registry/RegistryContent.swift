import APIMachinery

@testable import ImageStore

/// What an honest registry has: manifests and blobs of one repository.
struct RegistryContent: Sendable {
    /// By tag and by digest.
    var manifests: [String: (type: String, bytes: [UInt8])] = [:]
    var blobs: [Digest: [UInt8]] = [:]

    /// Puts an image under a tag.
    ///
    /// - Returns: The manifest's digest.
    @discardableResult
    mutating func add(_ image: ImageBuilder, tag: String?) throws -> Digest {
        let parts = try image.layers.map { try compressed($0, with: image.compression) }
        for bytes in parts + [image.configBytes] { blobs[Digest(of: bytes)] = bytes }
        let config = Self.descriptor("application/vnd.oci.image.config.v1+json", image.configBytes)
        let layers = parts.map { Self.descriptor("application/vnd.oci.image.layer.v1.tar", $0) }
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(ManifestMediaType.ociManifest), "config": config, "layers": .array(layers),
        ]
        return add(manifest.serialized(), ManifestMediaType.ociManifest, tag: tag)
    }

    @discardableResult
    mutating func add(_ manifest: [UInt8], _ type: String, tag: String?) -> Digest {
        let digest = Digest(of: manifest)
        for name in [tag, digest.description].compactMap({ $0 }) { manifests[name] = (type, manifest) }
        return digest
    }

    static func descriptor(_ type: String, _ bytes: [UInt8], platform: JSONValue? = nil) -> JSONValue {
        var json: JSONValue = ["mediaType": .string(type), "digest": .string("\(Digest(of: bytes))"), "size": .integer(Int64(bytes.count))]
        json["platform"] = platform
        return json
    }

    /// The OCI distribution protocol's part for pulls, with `Range`.
    func answer(_ request: ScriptedRegistry.Request) -> ScriptedRegistry.Response {
        guard let name = request.path.split(separator: "/").last.map(String.init) else { return .init(status: 404) }
        if request.path.contains("/manifests/"), let manifest = manifests[name] {
            return .init(
                manifest.bytes, headers: [("Content-Type", manifest.type), ("Docker-Content-Digest", "\(Digest(of: manifest.bytes))")])
        }
        guard request.path.contains("/blobs/"), let digest = try? Digest(name), let bytes = blobs[digest] else {
            return .init(status: 404, Array(#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#.utf8))
        }
        guard let begin = request.rangeBegin else { return .init(bytes) }
        guard begin < bytes.count else { return .init(status: 416) }
        return .init(status: 206, Array(bytes[begin...]), headers: [("Content-Range", "bytes \(begin)-\(bytes.count - 1)/\(bytes.count)")])
    }

    /// An image of one layer with a file of so many bytes that no compression shrinks.
    static func image(fileBytes count: Int = 300_000, named name: RawPath = "data", compression: String = "cat") throws -> ImageBuilder {
        var state: UInt32 = 12345
        let bytes = (0..<count).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(state >> 24)
        }
        var image = try ImageBuilder([[.bytes(name, bytes)]])
        image.compression = compression
        return image
    }
}

extension RegistryClient {
    /// With short waits.
    static func forTest(
        _ store: ImageStore, stallTimeout: Duration = .seconds(20), configured change: (inout RegistryConfiguration) -> Void = { _ in }
    ) throws(ImageError) -> RegistryClient {
        var configuration = RegistryConfiguration()
        configuration.stallTimeout = stallTimeout
        configuration.retryDelay = .milliseconds(1)
        change(&configuration)
        return try RegistryClient(store: store, configuration: configuration)
    }
}

/// What an error of this code says.
func refusal<Value>(_ code: ImageError.Code, of body: () async throws(ImageError) -> Value) async -> String? {
    do throws(ImageError) { _ = try await body() } catch { return error.code == code ? error.description : "\(error.code): \(error)" }
    return nil
}
