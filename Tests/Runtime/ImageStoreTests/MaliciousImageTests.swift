import APIMachinery
import Glibc
import LinuxSystem
import Testing

@testable import ImageStore

/// Archives that must be refused, each with its message, and nothing of them kept.
@Suite(.enabled(if: isRoot)) struct MaliciousImageTests {
    let directory = TemporaryDirectory()

    struct Attack: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var entries: [TarEntry]
        var message: String

        init(_ description: String, _ entries: [TarEntry], _ message: String) {
            (testDescription, self.entries, self.message) = (description, entries, message)
        }
    }

    static let attacks = [
        Attack("absolute path", [.file("/tmp/evil", "x")], #"entry "/tmp/evil": the path is absolute"#),
        Attack("dot dot", [.file("../evil", "x")], #"entry "../evil": the path has .."#),
        Attack("dot dot inside", [.file("a/../../evil", "x")], #"entry "a/../../evil": the path has .."#),
        Attack(
            "through an absolute symlink", [.symlink("a", to: "/tmp"), .file("a/evil", "x")],
            #"entry "a/evil": the path leaves the layer through a symlink"#),
        Attack(
            "through a relative symlink", [.directory("d"), .symlink("d/a", to: "../../../../../../tmp"), .file("d/a/evil", "x")],
            #"entry "d/a/evil": the path leaves the layer through a symlink"#),
        Attack(
            "through two symlinks", [.symlink("a", to: "b"), .symlink("b", to: ".."), .file("a/evil", "x")],
            #"entry "a/evil": the path leaves the layer through a symlink"#),
        Attack(
            "through a symlink loop", [.symlink("a", to: "a"), .file("a/evil", "x")],
            #"entry "a/evil": the path leaves the layer through a symlink"#),
        Attack(
            "through a dangling symlink", [.symlink("a", to: "nowhere"), .file("a/evil", "x")],
            #"entry "a/evil": a parent in the path is a symlink to nothing"#),
        Attack(
            "a file as a directory", [.file("a"), .file("a/b")], #"entry "a/b": a parent in the path is no directory"#),
        Attack(
            "directory through a symlink", [.symlink("a", to: "/tmp"), .directory("a/evil")],
            #"entry "a/evil/": the path leaves the layer through a symlink"#),
        Attack(
            "whiteout through a symlink", [.symlink("a", to: "/tmp"), .file("a/.wh.evil")],
            #"entry "a/.wh.evil": the path leaves the layer through a symlink"#),
        Attack(
            "opaque through a symlink", [.symlink("a", to: "/tmp"), .file("a/.wh..wh..opq")],
            #"entry "a/.wh..wh..opq": the path leaves the layer through a symlink"#),
        Attack(
            "whiteout of the parent", [.directory("a"), .file("a/.wh...")], #"entry "a/.wh...": a whiteout of nothing"#),
        Attack(
            "hard link to the host", [.hardLink("a", to: "/etc/passwd")],
            #"entry "a": a hard link to "/etc/passwd", which is not in this layer"#),
        Attack(
            "hard link with dot dot", [.hardLink("a", to: "../../etc/passwd")],
            #"entry "a": hard link to "../../etc/passwd": the path has .."#),
        Attack(
            "hard link through a symlink", [.symlink("e", to: "/etc"), .hardLink("a", to: "e/passwd")],
            #"entry "a": a hard link to "e/passwd", whose path leaves the layer through a symlink"#),
        Attack(
            "hard link to a directory", [.directory("d"), .hardLink("a", to: "d")], #"entry "a": a hard link to "d", which is no file"#),
        Attack(
            "character device", [.of(.character(major: 1, minor: 3), "null")],
            #"entry "null": device nodes are not allowed in an image (character device 1:3)"#),
        Attack(
            "block device", [.of(.block(major: 8, minor: 0), "dev/sda")],
            #"entry "dev/sda": device nodes are not allowed in an image (block device 8:0)"#),
        Attack(
            "overlay's own attribute", [.file("a", "", attributes: [("trusted.overlay.redirect", [47])])],
            #"entry "a": extended attribute "trusted.overlay.redirect" is not allowed in an image"#),
        Attack("the root as a file", [.of(.symlink(target: "/"), ".")], #"entry ".": the layer's root is no directory"#),
        Attack(
            "an owner out of range", [.file("a", "", owner: (Int64(UInt32.max), 0))],
            #"entry "a": owner 4294967295:0 is out of range"#),
    ]

    @Test(arguments: attacks) func `an evil entry is refused`(attack: Attack) throws {
        let store = try ImageStore(in: directory)
        let path = try ImageBuilder([attack.entries]).dockerArchive(at: "x.tar", in: directory)
        #expect(refusal { try store.importImage(from: path) } == "import \(path): layer 1 of 1: \(attack.message)")
        try expectNothingKept(store)
    }

    func expectNothingKept(_ store: ImageStore, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try store.images().isEmpty, sourceLocation: sourceLocation)
        #expect(directory.names("store/ingest").isEmpty, sourceLocation: sourceLocation)
        #expect(directory.names("store/layers") == ["empty"], sourceLocation: sourceLocation)
        #expect(directory.names("store/blobs/sha256").isEmpty, sourceLocation: sourceLocation)
        #expect(access("/tmp/evil", F_OK) != 0, sourceLocation: sourceLocation)
    }

    @Test func `a setuid file of the host cannot be changed through a hard link`() throws {
        // The link's own mode and owner must not reach the file it is linked to, even inside the layer.
        let store = try ImageStore(in: directory)
        let image = try ImageBuilder([[.file("a", "x", mode: 0o600), .of(.hardLink(target: "a"), "b", mode: 0o6777)]])
        let stored = try #require(try store.importImage(from: image.dockerArchive(at: "x.tar", in: directory)).first)
        #expect(try status("\(store.layers.filesPath(stored.layers[0].chainID))/a").permissions == 0o600)
    }

    @Test func `a layer with another diff ID is refused`() throws {
        let store = try ImageStore(in: directory)
        var image = try ImageBuilder([[.file("a", "x")]])
        let wrong = Digest(of: [])
        let actual = Digest(of: image.layers[0])
        image.diffIDs = [wrong]
        let path = try image.dockerArchive(at: "x.tar", in: directory)
        #expect(
            refusal { try store.importImage(from: path) }
                == "import \(path): layer 1 of 1: digest mismatch: the config says diff ID \(wrong), the layer's is \(actual)")
        try expectNothingKept(store)
    }

    @Test(arguments: [false, true]) func `a blob with another digest is refused`(inArchive: Bool) throws {
        let store = try ImageStore(in: directory)
        var files = try ImageBuilder([[.file("a", "x")]]).layout()
        let layer = try #require(files.firstIndex { $0.bytes.count > 1000 })
        files[layer].bytes[0] ^= 1
        let expected = files[layer].name.split(separator: "/")[2]
        let source: String
        if inArchive {
            source = try directory.write("x.tar", tar(files.map { .bytes(RawPath($0.name), $0.bytes) }))
        } else {
            for file in files { try directory.write("x/\(file.name)", file.bytes) }
            source = directory.path("x")
        }
        #expect(
            refusal { try store.importImage(from: source) }.hasSuffix(
                "blob sha256:\(expected): digest mismatch, the content is \(Digest(of: files[layer].bytes))"))
        try expectNothingKept(store)
    }

    @Test func `a layout's blobs cannot lie outside`() throws {
        let store = try ImageStore(in: directory)
        let source = try ImageBuilder([[.file("a", "x")]]).ociLayout(at: "x", in: directory)
        let name = try #require(directory.names("x/blobs/sha256").first)
        try directory.write("outside", contents("\(source)/blobs/sha256/\(name)"))
        shell("ln -sf \(directory.path("outside")) \(source)/blobs/sha256/\(name)")
        #expect(refusal(.failed) { try store.importImage(from: source) }.contains("open blob sha256:\(name): Invalid cross-device link"))
        try expectNothingKept(store)
    }

    @Test func `sizes beyond the limits are refused`() throws {
        var limits = ImageLimits()
        limits.unpackedBytes = 100
        limits.entries = 3
        limits.metadataBytes = 400
        limits.layers = 2
        let store = try ImageStore(in: directory, limits: limits)
        let big = try ImageBuilder([[.file("a", String(repeating: "x", count: 60))], [.file("b", String(repeating: "x", count: 60))]])
        let many = try ImageBuilder([(0..<4).map { .file(RawPath("\($0)")) }])
        var wordy = try ImageBuilder([[.file("a")]])
        wordy.config = ["Cmd": [.string(String(repeating: "x", count: 500))]]
        let deep = try ImageBuilder([[.file("a")], [.file("b")], [.file("c")]])
        for (image, message) in [
            (big, #"layer 2 of 2: entry "b": the image is larger than 100 bytes unpacked, the limit"#),
            (many, #"layer 1 of 1: entry "3": the image has more than 3 files, the limit"#),
            (wordy, "docker-archive: blob \(wordy.id) is metadata of more than 400 bytes, the limit"),
            (deep, "docker-archive: the image has 3 layers, more than 2, the limit"),
        ] {
            let path = try image.dockerArchive(at: "x.tar", in: directory)
            #expect(refusal { try store.importImage(from: path) } == "import \(path): \(message)")
            try expectNothingKept(store)
        }
    }

    @Test func `a compression bomb is refused before it fills the disk`() throws {
        var limits = ImageLimits()
        limits.unpackedBytes = 1 << 20
        limits.entries = 10
        let store = try ImageStore(in: directory, limits: limits)
        // A tar that ends at once, with half a gigabyte of zeros behind its end.
        var image = try ImageBuilder([[.file("a")]])
        image.layers[0] += [UInt8](repeating: 0, count: 1 << 26)
        image.compression = "zstd -q"
        let path = try image.dockerArchive(at: "x.tar", in: directory)
        #expect(
            refusal { try store.importImage(from: path) }
                == "import \(path): layer 1 of 1: the layer is larger than \(limits.layerStreamBytes) bytes unpacked, the limit")
        try expectNothingKept(store)
    }

    @Test func `damaged metadata is refused with the path of what is wrong`() throws {
        let store = try ImageStore(in: directory)
        let manifest = #"[{"Config":"c.json","RepoTags":["x:1"],"Layers":[]}]"#
        for (manifest, config, message) in [
            ("{", "{}", "manifest.json is no JSON"), ("{}", "{}", "manifest.json: array expected, found object"),
            ("[]", "{}", "manifest.json lists no image"),
            (#"[{"Layers":[]}]"#, "{}", "manifest.json[0].Config is missing"),
            (#"[{"Config":"nope.json"}]"#, "{}", #"manifest.json names "nope.json", which is not in the archive"#),
            (#"[{"Config":"../../etc/passwd"}]"#, "{}", #"manifest.json names "../../etc/passwd", which is not in the archive"#),
            (#"[{"Config":"c.json","RepoTags":["A B"],"Layers":[]}]"#, "{}", #"parse image reference "A B": invalid reference format"#),
            (manifest, "[]", "image config: object expected, found array"),
            (manifest, "{}", "image config.rootfs is missing"),
            (manifest, #"{"rootfs":{"diff_ids":["x"]}}"#, #"image config.rootfs.diff_ids[0]: digest "x": invalid checksum digest format"#),
            (manifest, #"{"rootfs":{},"config":{"Env":["A=1",2]}}"#, "image config.config.Env[1]: string expected, found integer"),
            (manifest, #"{"rootfs":{"diff_ids":["\#(DigestTests.good)"]}}"#, "the config has 1 diff IDs, the manifest 0 layers"),
            (
                manifest, #"{"rootfs":{},"os":"linux","architecture":"s390x"}"#,
                "the image is for linux/s390x, this machine is \(Platform.host)"
            ),
            (
                manifest, #"{"rootfs":{},"os":"windows","architecture":"\#(Platform.host.architecture)"}"#,
                "the image is for windows/\(Platform.host.architecture), this machine is \(Platform.host)"
            ),
        ] {
            let path = try directory.write(
                "x.tar", tar([.file("manifest.json", manifest), .file("c.json", config)]))
            let text = refusal(message.hasPrefix("parse") ? .invalid : .refused) { try store.importImage(from: path) }
            #expect(text.contains(message), "\(text)")
            try expectNothingKept(store)
        }
    }

    @Test func `what is no image is named`() throws {
        let store = try ImageStore(in: directory)
        let garbage = try directory.write("garbage", Array("this is no archive, it is a text\n".utf8))
        #expect(refusal { try store.importImage(from: garbage) }.hasPrefix("import \(garbage): open archive: Unrecognized archive format"))
        let empty = try directory.write("empty", [])
        #expect(refusal { try store.importImage(from: empty) } == "import \(empty): \(empty) is an empty archive")
        #expect(
            refusal(.failed) { try store.importImage(from: "/nowhere") } == "import /nowhere: open /nowhere: No such file or directory")
        #expect(
            refusal(.invalid) { try store.importImage(from: "/dev/null") }
                == "import /dev/null: /dev/null is neither a file nor a directory")
        let cut = try directory.write("cut.tar", Array(ImportTests.sample().layers[0].prefix(700)))
        #expect(refusal { try store.importImage(from: cut) }.contains("runcated"))
        for (files, message) in [
            (["index.json", "blobs/sha256/x"], "is an OCI layout without its file oci-layout"),
            (["oci-layout", "blobs/sha256/x"], "is an OCI layout without its index.json"),
            (["manifest.json", "version"], "is a dir: of skopeo: "),
        ] {
            let folder = "near-\(files[0])"
            for file in files { try directory.write("\(folder)/\(file)", Array("{}".utf8)) }
            let path = directory.path(folder)
            #expect(refusal { try store.importImage(from: path) }.hasPrefix("import \(path): \(path) \(message)"))
        }
        try directory.write("root/dev/x", [])
        #expect(mknod(directory.path("root/dev/null"), S_IFCHR | 0o666, 0x103) == 0)
        #expect(
            refusal { try store.importImage(from: directory.path("root")) }
                .hasSuffix(#"rootfs directory: "dev/null": device nodes are not allowed in an image"#))
        try expectNothingKept(store)
    }
}
