import Glibc
import LinuxSystem
import Testing

@testable import ImageStore

struct SnapshotOptionTests {
    static let image = try! Digest(DigestTests.good)  // a constant that is right by its test

    func snapshot(layers: Int, path: String = "/var/lib/swiftlet/images/layers") -> Snapshot {
        Snapshot(
            id: "c", image: Self.image, layersPath: path, layerNames: (0..<layers).map { _ in "\(Self.image.hex)/fs" },
            snapshotPath: "/var/lib/swiftlet/images/snapshots/c")
    }

    @Test func `few layers are named by absolute paths`() {
        let snapshot = snapshot(layers: 1)
        #expect(
            snapshot.mountOptions
                == "lowerdir=/var/lib/swiftlet/images/layers/\(Self.image.hex)/fs,upperdir=/var/lib/swiftlet/images/snapshots/c/upper,"
                + "workdir=/var/lib/swiftlet/images/snapshots/c/work,volatile")
        #expect(snapshot.mountDirectory == nil)
    }

    @Test func `more layers by paths that start in one directory, too many not at all`() {
        let many = snapshot(layers: 50)
        #expect(many.mountDirectory == "/var/lib/swiftlet/images/layers")
        #expect(many.mountOptions?.hasPrefix("lowerdir=\(Self.image.hex)/fs:") == true)
        #expect(snapshot(layers: 200).mountOptions == nil)
        #expect(snapshot(layers: 200).lowerDirectories.count == 200)
    }

    @Test func `characters that overlayfs splits at are escaped`() {
        #expect(Snapshot.escaped(#"/a:b,c\d"#) == #"/a\:b\,c\\d"#)
    }
}

/// Snapshots on disk and mounted by the kernel.
@Suite(.enabled(if: isRoot)) struct SnapshotTests {
    let directory = TemporaryDirectory()

    func image(_ layers: [[TarEntry]]) throws -> (ImageStore, Image) {
        let store = try ImageStore(in: directory)
        let path = try ImageBuilder(layers).dockerArchive(at: "x.tar", in: directory)
        return (store, try #require(try store.importImage(from: path).first))
    }

    /// Mounts the snapshot in a mount namespace of its own and runs a command in its root.
    func mounted(_ snapshot: Snapshot, _ command: String) -> (status: Int32, output: String) {
        let point = directory.path("merged")
        mkdir(point, 0o755)
        let start = snapshot.mountDirectory.map { "cd \($0) && " } ?? ""
        return shell(
            "unshare -m sh -c '\(start)mount -i -t overlay overlay -o \(snapshot.mountOptions ?? "none") \(point) && cd \(point) && \(command)'"
        )
    }

    @Test func `the kernel shows what the layers say`() throws {
        let (store, image) = try image([
            [
                .directory(".", mode: 0o751), .directory("a"), .file("a/kept", "1"), .file("a/gone", "1"), .directory("o"),
                .file("o/old", "1"),
                .directory("whole"), .file("whole/x", "1"), .directory("again"), .file("again/old", "1"),
            ],
            [
                .file("a/.wh.gone"), .file("o/.wh..wh..opq"), .file("o/new", "2"), .file(".wh.whole"), .file(".wh.again"),
                .directory("again"), .file("again/new", "2"), .file(".wh.never-there"), .file("top", "2"),
            ],
        ])
        let snapshot = try store.prepareSnapshot(id: "c1", image: image)
        #expect(try status(snapshot.upperDirectory).permissions == 0o751)
        let result = mounted(snapshot, "find . -mindepth 1 | sort && echo written > a/kept && rm top && cat a/kept && ls top; stat -c %a .")
        #expect(
            result.output == """
                ./a
                ./a/kept
                ./again
                ./again/new
                ./o
                ./o/new
                ./top
                written
                ls: cannot access 'top': No such file or directory
                751

                """)
        #expect(try text("\(snapshot.upperDirectory)/a/kept") == "written\n")
        // A volatile mount leaves a mark that forbids the next one; preparing the snapshot again removes it.
        #expect(try Directory(path: snapshot.workDirectory + "/work").names().contains("incompat"))
        let again = try store.prepareSnapshot(id: "c1", image: image)
        #expect(again == snapshot)
        #expect(mounted(again, "cat a/kept").output == "written\n")
        try store.removeSnapshot(id: "c1")
        #expect(directory.names("store/snapshots").isEmpty && directory.names("store/trash").isEmpty)
    }

    @Test func `sixty layers can be mounted`() throws {
        let (store, image) = try image((0..<50).map { [.file(RawPath("f\($0)"), "x")] })
        let snapshot = try store.prepareSnapshot(id: "c", image: image)
        #expect(snapshot.mountDirectory != nil)
        let result = mounted(snapshot, "ls | wc -l")
        #expect(result.output == "50\n")
    }

    @Test func `an image without layers can be mounted`() throws {
        let (store, image) = try image([])
        #expect(mounted(try store.prepareSnapshot(id: "c", image: image), "touch x && ls").output == "x\n")
    }

    @Test func `a snapshot belongs to its image and to an image that is there`() throws {
        let (store, image) = try image([[.file("a")]])
        _ = try store.prepareSnapshot(id: "c", image: image)
        #expect(try store.snapshots() == [SnapshotRecord(id: "c", image: image.id, topLayer: image.layers[0].chainID)])
        let (_, other) = try self.image([[.file("b")]])
        #expect(
            refusal(.invalid) { try store.prepareSnapshot(id: "c", image: other) }
                == "prepare snapshot c: it is a snapshot of another image")
        try store.remove("\(other.id)")
        #expect(
            refusal(.notFound) { try store.prepareSnapshot(id: "d", image: other) }
                == "prepare snapshot d: image \(other.id) is not in the image store")
        #expect(try store.snapshots().map(\.id) == ["c"])
    }

    @Test(arguments: ["", ".", "..", "a/b", ".x", "a b", String(repeating: "x", count: 201)])
    func `an ID is no path`(id: String) throws {
        let (store, image) = try image([[.file("a")]])
        #expect(refusal(.invalid) { try store.prepareSnapshot(id: id, image: image) }.hasPrefix("snapshot ID \(quoted(id))"))
        _ = refusal(.invalid) { try store.removeSnapshot(id: id) }
    }

    @Test func `anything in a snapshot can be removed, and nothing outside it`() throws {
        let (store, image) = try image([[.file("a")]])
        let snapshot = try store.prepareSnapshot(id: "c", image: image)
        try directory.write("outside/kept", "x")
        let names = RawPath(bytes: [0x61, 0xff])
        try Directory(path: snapshot.upperDirectory).makeDirectory(names)
        let script = """
            cd \(snapshot.upperDirectory) && ln -s \(directory.path("outside")) link && mkdir locked && touch locked/f other &&
            mkfifo p && mknod w c 0 0 && ln -s loop loop && chmod 0 locked &&
            chattr +i locked/f other locked; chattr +a .; mkdir -m 0 \(snapshot.workDirectory)/work
            i=0; mkdir -p wide; while [ $i -lt 2000 ]; do mkdir wide/$i; : > wide/$i/f; i=$((i+1)); done
            """
        _ = shell(script)
        try store.removeSnapshot(id: "c")
        #expect(directory.names("store/snapshots").isEmpty && directory.names("store/trash").isEmpty)
        #expect(directory.names("outside") == ["kept"])
        try store.removeSnapshot(id: "c")
    }

    @Test func `a tree may be deeper than a path may be long`() throws {
        let (store, image) = try image([[.file("a")]])
        let snapshot = try store.prepareSnapshot(id: "c", image: image)
        var current = try Directory(path: snapshot.upperDirectory)
        for _ in 0..<5_000 { current = try current.makeOrOpenDirectory("dddddddddddddddd") }
        try store.removeSnapshot(id: "c")
        #expect(directory.names("store/trash").isEmpty)
    }
}
