import APIMachinery
import Synchronization
import TestSupport
import Testing

@testable import ImageStore

/// Pulls from a registry that behaves.
@Suite(.enabled(if: isRoot)) struct PullTests {
    @Test(arguments: ["cat", "gzip", "zstd"]) func `an image comes with its layers, whatever they are compressed with`(compression: String)
        async throws
    {
        let directory = TemporaryDirectory()
        let store = try ImageStore(in: directory)
        var content = RegistryContent()
        var builder = try ImageBuilder([[.file("a", "one")], [.file("b", "two")], [.file(".wh.a")]])
        builder.compression = compression
        let digest = try content.add(builder, tag: "1")
        let registry = try ScriptedRegistry { [content] in content.answer($0) }
        let (image, isNew) = try await RegistryClient.forTest(store).pull(try ImageReference("\(registry.authority)/team/app:1"))
        #expect(isNew)
        #expect(image.id == builder.id)
        #expect(image.references.map(\.description) == ["\(registry.authority)/team/app:1"])
        #expect(image.repoDigests.map(\.description) == ["\(registry.authority)/team/app@\(digest)"])
        #expect(image.origin == .registry)
        #expect(image.layers.count == 3)
        #expect(directory.names("store/downloads").isEmpty)
        #expect(directory.names("store/ingest").isEmpty)
        let top = directory.path("store/layers/\(image.layers[1].chainID.hex)/fs/b")
        #expect(try text(top) == "two")
    }

    @Test func `what is there already is not fetched, and another tag of it only gets its name`() async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let store = try ImageStore(in: directory)
        var content = RegistryContent()
        let builder = try RegistryContent.image()
        try content.add(builder, tag: "1")
        try content.add(builder, tag: "2")
        var second = builder
        second.layers.append(try tar([.file("more")]))
        try content.add(second, tag: "3")
        let registry = try ScriptedRegistry { [content] in content.answer($0) }
        let client = try RegistryClient.forTest(store)
        let name = { (tag: String) throws in try ImageReference("\(registry.authority)/app:\(tag)") }
        _ = try await client.pull(try name("1"))
        let before = registry.requests.count
        let again = try await client.pull(try name("1"))
        #expect(!again.isNew)
        #expect(registry.lines.dropFirst(before) == ["HEAD /v2/app/manifests/1"])
        let other = try await client.pull(try name("2"))
        #expect(!other.isNew)
        #expect(other.image.references.map(\.tag) == ["1", "2"])
        let blob = "GET /v2/app/blobs/\(other.image.layers[0].blob)"
        _ = try await client.pull(try name("3"))
        #expect(registry.lines.filter { $0 == blob }.count == 1)
    }

    @Test func `a tag that moved is followed`() async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let store = try ImageStore(in: directory)
        let content = Mutex(RegistryContent())
        let (old, new) = (try ImageBuilder([[.file("a", "old")]]), try ImageBuilder([[.file("a", "new")]]))
        try content.withLock { _ = try $0.add(old, tag: "1") }
        let registry = try ScriptedRegistry { request in content.withLock { $0.answer(request) } }
        let client = try RegistryClient.forTest(store)
        let name = try ImageReference("\(registry.authority)/app:1")
        #expect(try await client.pull(name).image.id == old.id)
        try content.withLock { _ = try $0.add(new, tag: "1") }
        #expect(try await client.pull(name).image.id == new.id)
        #expect(try store.image("\(name)")?.id == new.id)
    }

    @Test func `of several platforms the wanted one is taken`() async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let store = try ImageStore(in: directory)
        var content = RegistryContent()
        var manifests: [JSONValue] = []
        for architecture in ["s390x", Platform.host.architecture, "ppc64le"] {
            var builder = try ImageBuilder([[.file("arch", architecture)]])
            builder.architecture = architecture
            let digest = try content.add(builder, tag: nil)
            let bytes = content.manifests["\(digest)"]?.bytes ?? []
            manifests.append(
                RegistryContent.descriptor(
                    ManifestMediaType.ociManifest, bytes, platform: ["os": "linux", "architecture": .string(architecture)]))
        }
        let index: JSONValue = ["schemaVersion": 2, "mediaType": .string(ManifestMediaType.ociIndex), "manifests": .array(manifests)]
        let digest = content.add(index.serialized(), ManifestMediaType.ociIndex, tag: "1")
        let registry = try ScriptedRegistry { [content] in content.answer($0) }
        let client = try RegistryClient.forTest(store)
        let name = try ImageReference("\(registry.authority)/app:1")
        let image = try await client.pull(name).image
        #expect(image.config.architecture == Platform.host.architecture)
        #expect(image.repoDigests.map(\.digest) == [digest])
        #expect(try await client.pull(name, platform: Platform("linux/s390x")).image.config.architecture == "s390x")
        #expect(
            await refusal(.refused) { () async throws(ImageError) in try await client.pull(name, platform: Platform("linux/mips")) }?
                .contains("no match for platform in manifest: no image for linux/mips: there is linux/s390x") == true)
    }

    @Test func `two pulls at once share the work`() async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let store = try ImageStore(in: directory)
        var content = RegistryContent()
        try content.add(try RegistryContent.image(), tag: "1")
        let registry = try ScriptedRegistry { [content] in content.answer($0) }
        let client = try RegistryClient.forTest(store)
        let name = try ImageReference("\(registry.authority)/app:1")
        let images = try await withThrowingTaskGroup(of: Digest.self, returning: [Digest].self) { group in
            for _ in 0..<8 { group.addTask { try await client.pull(name).image.id } }
            var ids: [Digest] = []
            for try await id in group { ids.append(id) }
            return ids
        }
        #expect(Set(images).count == 1)
        let layer = try #require(try store.image("\(name)")?.layers[0].blob)
        #expect(registry.lines.filter { $0.hasSuffix("\(layer)") && $0.hasPrefix("GET") }.count == 1)
    }

    @Test func `a mirror is asked first, with the registry's name, and the registry when it does not have it`() async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let store = try ImageStore(in: directory)
        var content = RegistryContent()
        try content.add(try RegistryContent.image(), tag: "1")
        let mirror = try ScriptedRegistry { [content] request in
            request.path.hasPrefix("/m/v2/") ? content.answer(request) : .init(status: 404)
        }
        let empty = try ScriptedRegistry { _ in .init(status: 404) }
        let registry = try ScriptedRegistry { [content] in content.answer($0) }
        let name = try ImageReference("\(registry.authority)/app:1")
        let client = try RegistryClient.forTest(store) { configuration in
            var settings = RegistryConfiguration.Registry()
            settings.mirrors = ["http://\(empty.authority)", "http://\(mirror.authority)/m/"]
            configuration.registries[registry.authority] = settings
        }
        _ = try await client.pull(name)
        #expect(registry.requests.isEmpty)
        #expect(mirror.requests.allSatisfy { $0.target.hasSuffix("?ns=\(registry.authority)") })
        #expect(empty.lines == ["HEAD /v2/app/manifests/1"])
        try store.remove("\(name)")
        let other = try RegistryClient.forTest(store) { configuration in
            var settings = RegistryConfiguration.Registry()
            settings.mirrors = ["http://127.0.0.1:1"]
            configuration.registries[registry.authority] = settings
        }
        _ = try await other.pull(name)
        #expect(!registry.requests.isEmpty)
    }
}
