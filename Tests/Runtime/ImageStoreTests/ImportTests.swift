import APIMachinery
import Glibc
import LinuxSystem
import Testing

@testable import ImageStore

/// Every format, and what an unpacked layer looks like.
@Suite(.enabled(if: isRoot)) struct ImportTests {
    let directory = TemporaryDirectory()

    static func sample() throws -> ImageBuilder {
        var image = try ImageBuilder([
            [.directory("etc", mtime: 7), .file("etc/a", "lower"), .file("etc/b", "b")], [.file("etc/a", "upper")],
        ])
        image.config = ["Cmd": ["sh"], "Env": ["A=1"], "User": "app"]
        return image
    }

    /// The file in the topmost layer that has it.
    func file(_ path: String, _ image: Image, _ store: ImageStore) throws -> String {
        let tree = try MergedTree(paths: store.snapshot(id: "x", image: image).lowerDirectories)
        return String(decoding: try #require(try tree.contents(of: path, limit: 1 << 20)), as: UTF8.self)
    }

    @Test(arguments: ["cat", "gzip -n", "zstd -q", "xz"])
    func `a docker archive's layers may be compressed`(compression: String) throws {
        let store = try ImageStore(in: directory)
        var builder = try Self.sample()
        builder.compression = compression
        let image = try #require(try store.importImage(from: builder.dockerArchive(at: "x.tar", in: directory)).first)
        #expect(image.id == builder.id)
        #expect(image.references.map(\.description) == ["docker.io/library/busybox:1"])
        #expect(image.repoDigests.isEmpty)
        #expect(image.config.cmd == ["sh"] && image.config.env == ["A=1"] && image.config.user == "app")
        #expect(image.sizeBytes == Int64(11 + builder.configBytes.count))
        #expect(try file("/etc/a", image, store) == "upper")
        #expect(try file("/etc/b", image, store) == "b")
        #expect(directory.names("store/ingest").isEmpty)
    }

    @Test(arguments: ["cat", "gzip -n", "zstd -q", "xz", "bzip2"])
    func `the archive itself may be compressed`(compression: String) throws {
        let store = try ImageStore(in: directory)
        let archive = try Self.sample().dockerArchive(at: "x.tar", in: directory)
        try directory.write("y", compressed(contents(archive), with: compression))
        let image = try #require(try store.importImage(from: directory.path("y")).first)
        #expect(try file("/etc/a", image, store) == "upper")
    }

    @Test func `an OCI layout and an OCI archive give the same image`() throws {
        let store = try ImageStore(in: directory)
        let builder = try Self.sample()
        let first = try #require(try store.importImage(from: builder.ociLayout(at: "layout", in: directory)).first)
        #expect(first.id == builder.id)
        #expect(first.repoDigests.map(\.familiar) == ["busybox@\(try #require(first.manifest))"])
        let second = try #require(try store.importImage(from: builder.ociArchive(at: "x.tar", in: directory)).first)
        #expect(first == second)
        #expect(try store.image("busybox@\(try #require(first.manifest))") == first)
    }

    @Test func `several images in one archive are all imported`() throws {
        let store = try ImageStore(in: directory)
        let (a, b) = (try ImageBuilder([[.file("a")]]), try ImageBuilder([[.file("b")]]))
        let manifest: JSONValue = [
            ["Config": "a.json", "RepoTags": ["one:1", "two:2"], "Layers": ["a/layer.tar"]],
            ["Config": "b.json", "RepoTags": nil, "Layers": ["b/layer.tar"]],
        ]
        let path = try directory.write(
            "x.tar",
            tar([
                .bytes("manifest.json", manifest.serialized()), .bytes("a.json", a.configBytes), .bytes("b.json", b.configBytes),
                .bytes("c/layer.tar", a.layers[0]), .symlink("a/layer.tar", to: "../c/layer.tar"),
                .bytes("b/layer.tar", b.layers[0]),
            ]))
        let images = try store.importImage(from: path)
        #expect(images.map(\.id) == [a.id, b.id])
        #expect(images[0].references.map(\.familiar) == ["one:1", "two:2"])
        #expect(images[1].references.isEmpty)
        #expect(
            refusal(.invalid) { try store.importImage(from: path, as: ImageReference("x")) }
                .hasSuffix("it holds 2 images, which cannot all be called x:latest"))
    }

    @Test func `a root file system becomes an image with one layer`() throws {
        let store = try ImageStore(in: directory)
        try directory.write("root/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
        shell("cd \(directory.path("root")) && ln etc/passwd etc/copy && ln -s passwd etc/link && mkfifo p && chmod 4755 etc/passwd")
        let fromDirectory = try #require(try store.importImage(from: directory.path("root")).first)
        #expect(fromDirectory.references.map(\.familiar) == ["root:latest"])
        let files = store.layers.filesPath(fromDirectory.layers[0].chainID)
        #expect(try status("\(files)/etc/copy").inode == status("\(files)/etc/passwd").inode)
        #expect(try status("\(files)/etc/passwd").permissions == 0o4755)
        #expect(try status("\(files)/etc/link").kind == .symlink)
        #expect(try status("\(files)/p").kind == .fifo)

        shell("tar -C \(directory.path("root")) -czf \(directory.path("r.tar.gz")) .")
        let fromTar = try #require(
            try store.importImage(from: directory.path("r.tar.gz"), as: ImageReference("my/root:2")).first)
        #expect(fromTar.references.map(\.familiar) == ["my/root:2"])
        #expect(try file("/etc/link", fromTar, store) == "root:x:0:0::/root:/bin/sh\n")
    }

    @Test func `a directory gives the same image each time`() throws {
        let store = try ImageStore(in: directory)
        for name in ["z", "a/1", "a/2", "m/n/o"] { try directory.write("root/\(name)", name) }
        let first = try store.importImage(from: directory.path("root"))
        #expect(try store.importImage(from: directory.path("root")) == first)
    }

    @Test func `owner, mode, times and attributes are kept`() throws {
        let store = try ImageStore(in: directory)
        let capability: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]  // VFS_CAP_REVISION_2, net_bind_service
        let image = try ImageBuilder([
            [
                .directory("d", mode: 0o1777, owner: (5, 6), mtime: 100), .file("d/su", "x", mode: 0o6755, owner: (7, 8), mtime: 200),
                .file("d/cap", "x", mode: 0o755, attributes: [("security.capability", capability), ("user.note", [1, 2])]),
                .hardLink("d/hard", to: "d/su"), .symlink("d/abs", to: "/etc/passwd"), .symlink("d/up", to: "../../../x"),
                .file("d/later", "x"),
            ]
        ])
        let stored = try #require(try store.importImage(from: image.dockerArchive(at: "x.tar", in: directory)).first)
        let files = store.layers.filesPath(stored.layers[0].chainID)
        let d = try status("\(files)/d")
        #expect(d.permissions == 0o1777 && d.userID == 5 && d.groupID == 6 && d.modified.seconds == 100)
        let su = try status("\(files)/d/su")
        #expect(su.permissions == 0o6755 && su.userID == 7 && su.groupID == 8 && su.modified.seconds == 200)
        #expect(try status("\(files)/d/hard").inode == su.inode)
        #expect(attribute("security.capability", of: "\(files)/d/cap") == capability)
        #expect(attribute("user.note", of: "\(files)/d/cap") == [1, 2])
        #expect(try Directory(path: "\(files)/d").readSymlink("up") == "../../../x")
    }

    @Test func `names need not be UTF-8 nor ASCII`() throws {
        let store = try ImageStore(in: directory)
        let names: [RawPath] = ["grüße-日本", RawPath(bytes: [0x61, 0xff, 0xfe])]
        let image = try ImageBuilder([names.map { .file($0, "x") }])
        let stored = try #require(try store.importImage(from: image.dockerArchive(at: "x.tar", in: directory)).first)
        let found = try Directory(path: store.layers.filesPath(stored.layers[0].chainID)).names()
        #expect(Set(found) == Set(names))
        try store.remove("busybox:1")
        #expect(directory.names("store/trash").isEmpty)
    }

    @Test func `a directory that a layer does not mention looks as below`() throws {
        let store = try ImageStore(in: directory)
        let image = try ImageBuilder([
            [.directory("home", mode: 0o711, owner: (3, 4), mtime: 50)], [.file("home/x/y", "new")],
        ])
        let stored = try #require(try store.importImage(from: image.dockerArchive(at: "x.tar", in: directory)).first)
        let home = try status("\(store.layers.filesPath(stored.layers[1].chainID))/home")
        #expect(home.permissions == 0o711 && home.userID == 3 && home.groupID == 4 && home.modified.seconds == 50)
        #expect(try status("\(store.layers.filesPath(stored.layers[1].chainID))/home/x").permissions == 0o755)
    }

    @Test func `a layer may end with its last file's last byte, not before`() throws {
        let store = try ImageStore(in: directory)
        var image = try ImageBuilder([[.file("a", "1234"), .file("b", "56789")]])
        let end = try #require(image.layers[0].firstIndex(of: UInt8(ascii: "9")))
        image.layers[0] = Array(image.layers[0][...end])
        let stored = try #require(try store.importImage(from: image.dockerArchive(at: "x.tar", in: directory)).first)
        #expect(try file("/b", stored, store) == "56789")
        image.layers[0].removeLast()
        let path = try image.dockerArchive(at: "y.tar", in: directory)
        #expect(
            refusal { try store.importImage(from: path) }
                .hasPrefix(#"import \#(path): layer 1 of 1: entry "b": read archive: Truncated"#))
    }

    @Test func `the host's platform is chosen from several`() throws {
        let store = try ImageStore(in: directory)
        let wanted = try ImageBuilder([[.file("wanted")]])
        var other = try ImageBuilder([[.file("other")]])
        other.architecture = "s390x"
        var manifests: [JSONValue] = []
        for (builder, platform) in [(other, "s390x"), (wanted, Platform.host.architecture)] {
            for file in try builder.layout() where file.name != "index.json" { try directory.write("l/\(file.name)", file.bytes) }
            let index = try JSONValue(parsing: builder.layout().last!.bytes)
            var descriptor = try #require(index["manifests"]?[0])
            descriptor["platform"] = ["os": "linux", "architecture": .string(platform)]
            manifests.append(descriptor)
        }
        let nested: JSONValue = ["schemaVersion": 2, "manifests": .array(manifests)]
        let digest = Digest(of: nested.serialized())
        try directory.write("l/blobs/sha256/\(digest.hex)", nested.serialized())
        let index: JSONValue = [
            "manifests": [
                [
                    "mediaType": "application/vnd.oci.image.index.v1+json", "digest": .string(digest.description),
                    "size": .integer(Int64(nested.serialized().count)), "annotations": ["org.opencontainers.image.ref.name": "latest"],
                ]
            ]
        ]
        try directory.write("l/index.json", index.serialized())
        #expect(try store.importImage(from: directory.path("l"), as: ImageReference("x")).map(\.id) == [wanted.id])

        let foreign: JSONValue = ["manifests": [manifests[0]]]
        try directory.write("l/index.json", foreign.serialized())
        #expect(
            refusal { try store.importImage(from: directory.path("l")) }
                == "import \(directory.path("l")): oci-layout: no image for \(Platform.host): there is linux/s390x")
    }

    @Test func `progress counts up to the whole and names what is left out`() throws {
        let store = try ImageStore(in: directory)
        let image = try ImageBuilder([[.file("f", "x", attributes: [("security.selinux", [1])])]])
        var seen: [ImportProgress] = []
        try store.importImage(from: image.dockerArchive(at: "x.tar", in: directory)) { seen.append($0) }
        let unpacking = seen.filter { $0.phase == .unpacking(layer: 1, count: 1) }
        #expect(unpacking.last?.completedBytes == unpacking.last?.totalBytes)
        #expect(seen.contains { $0.phase == .note(#"layer 1: extended attribute "security.selinux" left out"#) })
        #expect(seen.first?.phase == .detecting && seen.last?.phase == .finishing)
    }
}
