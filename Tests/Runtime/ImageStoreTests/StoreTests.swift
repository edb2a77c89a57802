import APIMachinery
import Glibc
import LinuxSystem
import Synchronization
import Testing

@testable import ImageStore

/// Finding, removing, collecting, and what a store does about damage and crashes.
@Suite(.enabled(if: isRoot)) struct StoreTests {
    let directory = TemporaryDirectory()

    func add(_ store: ImageStore, _ content: String, _ tags: [String]) throws -> Image {
        var builder = try ImageBuilder([[.file("shared", "base")], [.file("f", content)]])
        builder.tags = tags
        return try #require(try store.importImage(from: builder.dockerArchive(at: "\(content).tar", in: directory)).first)
    }

    @Test func `an image is found by name, ID and the ID's first digits`() throws {
        let store = try ImageStore(in: directory)
        let image = try add(store, "one", ["busybox:1", "q.io/x/y:2"])
        for name in [
            "busybox:1", "docker.io/library/busybox:1", "q.io/x/y:2", "\(image.id)", image.id.hex, String(image.id.hex.prefix(4)),
            "sha256:" + image.id.hex.prefix(12),
        ] { #expect(try store.image(name) == image, "\(name)") }
        for name in ["busybox", "busybox:2", String(image.id.hex.prefix(3)), "sha256:\(String(repeating: "0", count: 64))"] {
            #expect(try store.image(name) == nil, "\(name)")
        }
        #expect(refusal(.invalid) { try store.image("Bad Name") } == #"parse image reference "Bad Name": invalid reference format"#)
        #expect(try ImageStore(in: directory).images() == [image])
    }

    @Test func `digits that several IDs start with are ambiguous`() throws {
        let record = { (hex: String) in
            StoreIndex.Record(
                id: try Digest(hex: "abcd" + String(repeating: hex, count: 60)), manifest: nil, sizeBytes: 1, layers: [],
                references: [], repoDigests: [])
        }
        var cache = IndexCache()
        cache.index.records = [try record("0"), try record("1")]
        #expect(
            refusal(.ambiguous) { try ImageStore.record("abcd", cache) == nil }
                == #"image ID "abcd" is ambiguous: 2 images have it"#)
        #expect(try ImageStore.record("abcd0", cache)?.id == cache.index.records[0].id)
    }

    @Test func `a name moves to the image that was imported last`() throws {
        let store = try ImageStore(in: directory)
        let first = try add(store, "one", ["x:1"])
        let second = try add(store, "two", ["x:1"])
        #expect(try store.image("x:1") == second)
        #expect(try store.image("\(first.id)")?.references == [])
    }

    @Test func `removing the last name removes the image and what only it has`() throws {
        let store = try ImageStore(in: directory)
        let one = try add(store, "one", ["x:1", "x:2"])
        let two = try add(store, "two", ["y:1"])
        #expect(try store.remove("x:1") == RemovalReport(untagged: ["docker.io/library/x:1"]))
        #expect(try store.image("x:2")?.id == one.id)
        let report = try store.remove("x:2")
        #expect(report.deleted == [one.id] && report.untagged == ["docker.io/library/x:2"] && report.freedBytes > 0)
        #expect(try store.images() == [two])
        #expect(directory.names("store/layers") == (two.layers.map(\.chainID.hex) + ["empty"]).sorted())
        #expect(Set(directory.names("store/blobs/sha256")) == Set(two.layers.map(\.blob.hex) + [two.id.hex]))
        #expect(refusal(.notFound) { try store.remove("x:2") } == #"image "x:2" is not in the image store"#)
    }

    @Test func `an image with several names, or in use, needs force`() throws {
        let store = try ImageStore(in: directory)
        let image = try add(store, "one", ["x:1", "x:2"])
        #expect(
            refusal(.inUse) { try store.remove("\(image.id)") }
                == #"image "\#(image.id)" has several names and needs force: docker.io/library/x:1, docker.io/library/x:2"#)
        try store.remove("x:2")
        _ = try store.prepareSnapshot(id: "c1", image: image)
        #expect(refusal(.inUse) { try store.remove("x:1") } == #"image "x:1" is in use by container c1"#)
        #expect(try store.remove("x:1", force: true).deleted == [image.id])
        #expect(directory.names("store/layers").count == 3, "the container's layers stay")
        #expect(try store.garbageCollect(inUse: []).freedBytes == 0)
        try store.removeSnapshot(id: "c1")
        #expect(try store.garbageCollect(inUse: []).freedBytes > 0)
        #expect(directory.names("store/layers") == ["empty"])
    }

    @Test func `garbage collection keeps what is in use`() throws {
        let store = try ImageStore(in: directory)
        let images = try ["one", "two", "three"].map { try add(store, $0, ["\($0):1"]) }
        _ = try store.prepareSnapshot(id: "c", image: images[0])
        let report = try store.garbageCollect(inUse: ["two:1"])
        #expect(report.deleted == [images[2].id])
        #expect(try Set(store.images()) == Set(images[..<2]))
    }

    @Test func `a damaged config is set aside and the rest works`() throws {
        let reports = Mutex<[String]>([])
        let (damagedID, good): (Digest, Image)
        do {
            let store = try ImageStore(in: directory)
            damagedID = try add(store, "one", ["x:1"]).id
            good = try add(store, "two", ["y:1"])
        }
        try directory.write("store/blobs/sha256/\(damagedID.hex)", "{}")
        let store = try ImageStore(root: directory.path("store")) { text in reports.withLock { $0.append(text) } }
        #expect(try store.images() == [good])
        #expect(try store.image("x:1") == nil)
        let actual = Digest(of: Array("{}".utf8))
        #expect(
            reports.withLock { $0 } == [
                "blob \(damagedID) is corrupted: its content is \(actual); it was moved to quarantine/\(damagedID.hex)"
            ])
        #expect(directory.names("store/quarantine") == [damagedID.hex])
        // Importing it again mends it.
        #expect(try add(store, "one", ["x:1"]).id == damagedID)
        #expect(try store.images().count == 2)
    }

    @Test func `a damaged blob is found by its digest`() throws {
        let store = try ImageStore(in: directory)
        let image = try add(store, "one", ["x:1"])
        try store.content.verify(image.layers[0].blob)
        shell("printf x | dd of=\(directory.path("store/blobs/sha256/\(image.layers[0].blob.hex)")) conv=notrunc")
        #expect(
            refusal(.corrupted) { try store.content.verify(image.layers[0].blob) }.hasPrefix("blob \(image.layers[0].blob) is corrupted"))
        #expect(directory.names("store/quarantine") == [image.layers[0].blob.hex])
    }

    @Test(arguments: [
        ("", "images.json is no JSON"), ("{}", "images.json.version is missing"),
        (#"{"version":99,"images":[]}"#, "images.json has version 99, this program knows 1"),
    ])
    func `a damaged index is set aside`(content: String, reason: String) throws {
        let reports = Mutex<[String]>([])
        let store = try ImageStore(root: directory.path("store")) { text in reports.withLock { $0.append(text) } }
        let image = try add(store, "one", ["x:1"])
        _ = try store.prepareSnapshot(id: "c", image: image)
        try directory.write("store/images.json", content)
        #expect(try store.images().isEmpty)
        let report = reports.withLock { $0 }
        #expect(report.count == 1 && report[0].contains(reason) && report[0].hasSuffix("it was moved to quarantine/images.json"))
        _ = try store.garbageCollect(inUse: [])
        #expect(directory.names("store/layers").count == 3, "a container's layers survive the index")
        #expect(try add(store, "two", ["y:1"]).references.count == 1)
    }

    @Test func `the next start removes what a crash left`() throws {
        let image = try add(try ImageStore(in: directory), "one", ["x:1"])
        for name in ["ingest/1-2/layer-x/fs/a/b", "ingest/1-2/lock", "ingest/stray", "trash/123/upper/d/e", ".tmp-1-images.json"] {
            try directory.write("store/\(name)", "x")
        }
        let store = try ImageStore(in: directory)
        #expect(directory.names("store/ingest").isEmpty && directory.names("store/trash").isEmpty)
        #expect(!directory.names("store").contains { $0.hasPrefix(".tmp-") })
        #expect(try store.images() == [image])
    }

    @Test func `a start leaves a running import alone`() throws {
        let first = try ImageStore(in: directory)
        let staging = try Staging(root: first.directory)
        _ = try staging.add([1, 2, 3])
        _ = try ImageStore(in: directory)
        #expect(try staging.contents(of: Digest(of: [1, 2, 3]), limit: 10) == [1, 2, 3])
    }

    @Test func `every write of an import may fail for want of space`() throws {
        let mountPoint = directory.path("small")
        mkdir(mountPoint, 0o755)
        #expect(mount("none", mountPoint, "tmpfs", 0, "size=256k") == 0)
        defer { umount2(mountPoint, Int32(MNT_DETACH)) }
        let store = try ImageStore(root: mountPoint + "/store")
        let image = try ImageBuilder([[.file("big", String(repeating: "x", count: 300_000))]])
        let path = try image.dockerArchive(at: "x.tar", in: directory)
        #expect(refusal(.failed) { try store.importImage(from: path) }.hasSuffix("No space left on device"))
        #expect(try store.images().isEmpty && directory.names("small/store/ingest").isEmpty)
    }

    @Test func `an image is shown as docker shows it`() throws {
        let store = try ImageStore(in: directory)
        var builder = try ImageBuilder([[.file("a")]])
        builder.config = ["Entrypoint": ["/a"], "ExposedPorts": ["80/tcp": [:]], "Volumes": ["/v": [:]], "Labels": ["k": "v"]]
        let image = try #require(try store.importImage(from: builder.ociLayout(at: "x", in: directory)).first)
        let json = image.inspection
        #expect(json["Id"] == .string(image.id.description))
        #expect(json["RepoTags"] == ["busybox:1"])
        #expect(json["Config"]?["Entrypoint"] == ["/a"])
        #expect(json["Config"]?["Cmd"] == .null)
        #expect(json["Config"]?["ExposedPorts"] == ["80/tcp": [:]] && json["Config"]?["Labels"] == ["k": "v"])
        #expect(json["RootFS"]?["Layers"] == [.string(image.layers[0].diffID.description)])
    }

    @Test(arguments: ["relative", "", "/a\0b"]) func `a store's path is absolute`(path: String) {
        #expect(refusal(.invalid) { try ImageStore(root: path).root }.hasSuffix("the path is not absolute"))
    }
}
