import APIMachinery
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import ImageStore

/// Pulls from registries that break off, stall and lie.
@Suite(.enabled(if: isRoot)) struct FaultTests {
    /// A registry with one image, whose layer's answers a test may change.
    private struct Fixture {
        let directory = TemporaryDirectory()
        let store: ImageStore
        let registry: ScriptedRegistry
        let builder: ImageBuilder
        let layer: Digest

        init(
            compression: String = "cat",
            _ change: @escaping @Sendable (ScriptedRegistry.Request, Int, inout ScriptedRegistry.Response) -> Void
        ) throws {
            store = try ImageStore(in: directory)
            builder = try RegistryContent.image(compression: compression)
            var content = RegistryContent()
            try content.add(builder, tag: "1")
            let layer = Digest(of: try compressed(builder.layers[0], with: compression))
            self.layer = layer
            let count = Mutex(0)
            registry = try ScriptedRegistry { [content] request in
                var response = content.answer(request)
                if request.path.hasSuffix("\(layer)") {
                    let number = count.withLock { count in
                        count += 1
                        return count
                    }
                    change(request, number, &response)
                }
                return response
            }
        }

        var name: ImageReference { get throws(ImageError) { try ImageReference("\(registry.authority)/app:1") } }
        var layerRequests: [ScriptedRegistry.Request] { registry.requests.filter { $0.path.hasSuffix("\(layer)") } }

        func pull(_ client: RegistryClient? = nil) async throws(ImageError) -> Image {
            if let client { return try await client.pull(try name).image }
            return try await RegistryClient.forTest(store).pull(try name).image
        }
    }

    @Test func `a broken connection is gone on with where it broke`() async throws {
        let fixture = try Fixture { _, number, response in if number < 4 { response.stop = (50_000, .cut) } }
        #expect(try await fixture.pull().id == fixture.builder.id)
        #expect(fixture.layerRequests.map(\.rangeBegin) == [nil, 50_000, 100_000, 150_000])
    }

    @Test func `a registry that stalls is given up and asked again`() async throws {
        let fixture = try Fixture { _, number, response in if number == 1 { response.stop = (70_000, .stall) } }
        let client = try RegistryClient.forTest(fixture.store, stallTimeout: .milliseconds(300))
        #expect(try await fixture.pull(client).id == fixture.builder.id)
        #expect(fixture.layerRequests.map(\.rangeBegin) == [nil, 70_000])
    }

    @Test func `a registry that only stalls is given up, and what came is gone on with by the next pull`() async throws {
        let stalls = Mutex(true)
        let fixture = try Fixture { request, _, response in
            if stalls.withLock({ $0 }) { response.stop = (request.rangeBegin == nil ? 60_000 : 0, .stall) }
        }
        let client = try RegistryClient.forTest(fixture.store, stallTimeout: .milliseconds(200)) { $0.maxAttempts = 2 }
        #expect(
            await refusal(.unavailable) { () async throws(ImageError) in try await fixture.pull(client) }?.contains("no data for") == true)
        #expect(fixture.directory.names("store/downloads") == ["\(fixture.layer.hex).partial"])
        stalls.withLock { $0 = false }
        // Another process begins where this one ended.
        let store = try ImageStore(in: fixture.directory)
        let before = fixture.layerRequests.count
        #expect(try await RegistryClient.forTest(store).pull(try fixture.name).image.id == fixture.builder.id)
        #expect(fixture.layerRequests.dropFirst(before).map(\.rangeBegin) == [60_000])
        #expect(fixture.directory.names("store/downloads").isEmpty)
    }

    @Test func `a server without Range sends all of it again`() async throws {
        let fixture = try Fixture { request, number, response in
            if number == 1 { response.stop = (50_000, .cut) }
            if response.status == 206 { response = .init(status: 500) }
            if number == 3 { response = .init(status: 416) }
        }
        #expect(await refusal(.unavailable) { () async throws(ImageError) in try await fixture.pull() } == nil)
    }

    @Test func `content with another digest is refused and nothing of it is kept`() async throws {
        let fixture = try Fixture { _, _, response in
            let bytes = response.bytes
            response.bytes = { range in ArraySlice(bytes(range).map { $0 &+ 1 }) }
        }
        #expect(
            await refusal(.refused) { () async throws(ImageError) in try await fixture.pull() }?.contains(
                "digest mismatch, the content is sha256:") == true)
        #expect(fixture.directory.names("store/downloads").isEmpty)
        #expect(fixture.directory.names("store/ingest").isEmpty)
        #expect(try fixture.store.images().isEmpty)
    }

    @Test(arguments: [-1, 1]) func `another length than the descriptor's is refused before it is read`(difference: Int) async throws {
        let fixture = try Fixture { _, _, response in response.declaredCount = response.count + difference }
        #expect(
            await refusal(.refused) { () async throws(ImageError) in try await fixture.pull() }?.contains("its descriptor says") == true)
    }

    @Test func `pieces that do not belong together are fetched once more in one piece`() async throws {
        let fixture = try Fixture { _, number, response in
            if number == 1 {
                response.stop = (50_000, .cut)
                response.bytes = { range in ArraySlice(repeating: 7, count: range.count) }
            }
        }
        #expect(try await fixture.pull().id == fixture.builder.id)
        #expect(fixture.layerRequests.map(\.rangeBegin) == [nil, 50_000, nil])
    }

    @Test func `a registry that is busy is asked again, one that says no is not`() async throws {
        let busy = try Fixture { _, number, response in if number < 3 { response = .init(status: 503) } }
        #expect(try await busy.pull().id == busy.builder.id)
        let absent = try Fixture { _, _, response in response = .init(status: 404) }
        #expect(await refusal(.notFound) { () async throws(ImageError) in try await absent.pull() } != nil)
        #expect(absent.layerRequests.count == 1)
    }

    @Test func `a manifest that is not what was asked for is refused`() async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let store = try ImageStore(in: directory)
        let old = Array(#"{"schemaVersion":1,"fsLayers":[]}"#.utf8)
        let chart = Array(
            #"{"schemaVersion":2,"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"sha256:\#(String(repeating: "0", count: 64))","size":2},"layers":[]}"#
                .utf8)
        var content = RegistryContent()
        content.add(old, "application/vnd.docker.distribution.manifest.v1+prettyjws", tag: "old")
        content.add(chart, ManifestMediaType.ociManifest, tag: "chart")
        content.add(Array("{}".utf8), "text/html", tag: "page")
        content.manifests["lie"] = content.manifests["page"]
        let lie = Digest(of: [1])
        content.manifests["\(lie)"] = content.manifests["page"]
        let registry = try ScriptedRegistry { [content] in content.answer($0) }
        let client = try RegistryClient.forTest(store)
        for (name, text) in [
            ("app:old", "a docker manifest of schema 1 only"), ("app:chart", "it is no image"), ("app:page", "is no image's manifest"),
            ("app@\(lie)", "digest mismatch"),
        ] {
            let reference = try ImageReference("\(registry.authority)/\(name)")
            let said = await refusal(.refused) { () async throws(ImageError) in try await client.pull(reference) }
            #expect(said?.contains(text) == true, "\(name): \(said ?? "nothing")")
        }
        let absent = try ImageReference("\(registry.authority)/none:1")
        #expect(
            await refusal(.notFound) { () async throws(ImageError) in try await client.pull(absent) }
                == "failed to pull and unpack image \"\(absent)\": failed to resolve reference \"\(absent)\": \(absent): not found")
    }

    @Test func `a cancelled pull ends, and leaves what can be gone on with`() async throws {
        let fixture = try Fixture { _, _, response in response.stop = (50_000, .stall) }
        let client = try RegistryClient.forTest(fixture.store)
        let name = try fixture.name
        let task = Task { try await client.pull(name) }
        #expect(try await eventually(within: .seconds(60)) { fixture.layerRequests.count == 1 })
        task.cancel()
        if case .success = await task.result { Issue.record("it went on") }
        #expect(try await eventually { fixture.directory.names("store/ingest").isEmpty })
    }

    @Test func `a layer of 500 MB needs little memory`() async throws {
        let directory = TemporaryDirectory()
        let store = try ImageStore(in: directory)
        let size = 500 << 20
        // A tar of one file of zeros: header, content, two empty blocks.
        let header = Array(try tar([.bytes("zeros", [])]).prefix(512))
        var fixed = header
        fixed.replaceSubrange(
            124..<136, with: Array("\(String(repeating: "0", count: 11 - String(size, radix: 8).count))\(String(size, radix: 8))\0".utf8))
        fixed.replaceSubrange(148..<156, with: [UInt8](repeating: 32, count: 8))
        let sum = fixed.reduce(0) { $0 + Int($1) }
        fixed.replaceSubrange(
            148..<156, with: Array("\(String(repeating: "0", count: 6 - String(sum, radix: 8).count))\(String(sum, radix: 8))\0 ".utf8))
        let (head, total) = (fixed, 512 + size + 1024)
        var hash = SHA256Stream()
        head.withUnsafeBytes { hash.update($0) }
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        for _ in 0..<500 { zeros.withUnsafeBytes { hash.update($0) } }
        zeros[..<1024].withUnsafeBytes { hash.update($0) }
        let layer = hash.digest
        let config: JSONValue = [
            "architecture": .string(Platform.host.architecture), "os": "linux",
            "rootfs": ["type": "layers", "diff_ids": [.string("\(layer)")]],
        ]
        var content = RegistryContent()
        content.blobs[Digest(of: config.serialized())] = config.serialized()
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(ManifestMediaType.ociManifest),
            "config": RegistryContent.descriptor("application/vnd.oci.image.config.v1+json", config.serialized()),
            "layers": [
                ["mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": .string("\(layer)"), "size": .integer(Int64(total))]
            ],
        ]
        content.add(manifest.serialized(), ManifestMediaType.ociManifest, tag: "1")
        let registry = try ScriptedRegistry { [content] request in
            guard request.path.hasSuffix("\(layer)") else { return content.answer(request) }
            var response = ScriptedRegistry.Response()
            response.count = total
            response.bytes = { range in range.lowerBound == 0 ? ArraySlice(head + zeros[..<(range.count - 512)]) : zeros[..<range.count] }
            return response
        }
        let before = residentBytes()
        let peak = Mutex(before)
        let watch = Task {
            while !Task.isCancelled {
                let now = residentBytes()
                peak.withLock { $0 = max($0, now) }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        let image = try await RegistryClient.forTest(store).pull(try ImageReference("\(registry.authority)/big:1")).image
        watch.cancel()
        #expect(image.sizeBytes >= size)
        #expect(peak.withLock { $0 } - before < 100 << 20, "\((peak.withLock { $0 } - before) >> 20) MiB more")
    }
}

private func residentBytes() -> Int {
    let fields = (try? text("/proc/self/statm"))?.split(separator: " ") ?? []
    return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
}
