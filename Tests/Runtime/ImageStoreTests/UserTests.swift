import Glibc
import LinuxSystem
import Testing

@testable import ImageStore

struct UserTests {
    static let passwd = """
        root:x:0:0:root:/root:/bin/sh
        # a comment
        broken
        app:x:1000:1001:,,,:/home/app:/bin/sh
        42:x:7:7::/x:/bin/sh
        nohome:x:8:8:::
        """
    static let group = """
        root:x:0:app
        wheel:x:10:root,app
        app:x:1001:
        extra:x:2000:app,other
        7:x:70:
        """
    static let database = UserDatabase(passwd: Array(passwd.utf8), group: Array(group.utf8))

    @Test(arguments: [
        ("", ResolvedUser(userID: 0, groupID: 0, additionalGroupIDs: [10], name: "root", home: "/root")),
        ("0", ResolvedUser(userID: 0, groupID: 0, additionalGroupIDs: [10], name: "root", home: "/root")),
        ("app", ResolvedUser(userID: 1000, groupID: 1001, additionalGroupIDs: [0, 10, 2000], name: "app", home: "/home/app")),
        ("1000", ResolvedUser(userID: 1000, groupID: 1001, additionalGroupIDs: [0, 10, 2000], name: "app", home: "/home/app")),
        ("app:extra", ResolvedUser(userID: 1000, groupID: 2000, additionalGroupIDs: [0, 10], name: "app", home: "/home/app")),
        ("app:5", ResolvedUser(userID: 1000, groupID: 5, additionalGroupIDs: [0, 10, 2000], name: "app", home: "/home/app")),
        ("5:wheel", ResolvedUser(userID: 5, groupID: 10, additionalGroupIDs: [], name: nil, home: "/")),
        ("12345", ResolvedUser(userID: 12345, groupID: 0, additionalGroupIDs: [], name: nil, home: "/")),
        ("12345:6", ResolvedUser(userID: 12345, groupID: 6, additionalGroupIDs: [], name: nil, home: "/")),
        (":wheel", ResolvedUser(userID: 0, groupID: 10, additionalGroupIDs: [], name: "root", home: "/root")),
        ("42", ResolvedUser(userID: 42, groupID: 0, additionalGroupIDs: [], name: nil, home: "/")),
        ("nohome", ResolvedUser(userID: 8, groupID: 8, additionalGroupIDs: [], name: "nohome", home: "/")),
        ("5:7", ResolvedUser(userID: 5, groupID: 7, additionalGroupIDs: [], name: nil, home: "/")),
    ])
    func `a user is resolved as runc does`(text: String, expected: ResolvedUser) throws {
        #expect(try Self.database.resolve(text) == expected)
    }

    @Test(arguments: [
        ("foo", ImageError.Code.notFound, "unable to find user foo: no matching entries in passwd file"),
        ("app:bar", .notFound, "unable to find group bar: no matching entries in group file"),
        ("0:a:b", .notFound, "unable to find group a:b: no matching entries in group file"),
        ("broken", .notFound, "unable to find user broken: no matching entries in passwd file"),
        ("2147483648", .invalid, "uids and gids must be in range 0-2147483647"),
        ("-1", .invalid, "uids and gids must be in range 0-2147483647"),
        ("0:4294967296", .invalid, "uids and gids must be in range 0-2147483647"),
    ])
    func `a user that is not there is refused in runc's words`(text: String, code: ImageError.Code, message: String) {
        #expect(refusal(code) { try Self.database.resolve(text) } == message)
    }
}

/// The files that count are those which the container would see.
@Suite(.enabled(if: isRoot)) struct LayeredUserTests {
    let directory = TemporaryDirectory()

    func image(_ layers: [[TarEntry]]) throws -> (ImageStore, Image) {
        let store = try ImageStore(in: directory)
        let path = try ImageBuilder(layers).dockerArchive(at: "x.tar", in: directory)
        return (store, try #require(try store.importImage(from: path).first))
    }

    static let base: [TarEntry] = [.directory("etc"), .file("etc/passwd", "a:x:1:1::/a:\n"), .file("etc/group", "g:x:5:a\n")]
    static let noUser = "unable to find user a: no matching entries in passwd file"

    @Test func `the topmost file counts`() throws {
        let (store, image) = try image([Self.base, [.file("etc/passwd", "a:x:2:2::/b:\n")]])
        #expect(
            try store.resolveUser("a", in: image)
                == ResolvedUser(userID: 2, groupID: 2, additionalGroupIDs: [5], name: "a", home: "/b"))
    }

    @Test(arguments: [
        [TarEntry.file("etc/.wh.passwd")], [.file(".wh.etc")], [.directory("etc"), .file("etc/.wh..wh..opq")],
        [.file("etc", "no directory")],
    ])
    func `a deleted file does not`(deletion: [TarEntry]) throws {
        let (store, image) = try image([Self.base, deletion])
        #expect(refusal(.notFound) { try store.resolveUser("a", in: image) } == Self.noUser)
        #expect(try store.resolveUser("7:8", in: image).groupID == 8)
    }

    @Test func `symlinks lead through the layers as inside the container`() throws {
        let (store, image) = try image([
            [.directory("data"), .file("data/users", "a:x:3:3::/:\n")],
            [.directory("etc"), .symlink("etc/passwd", to: "/link/../data/users"), .symlink("link", to: "../../../data")],
        ])
        #expect(try store.resolveUser("a", in: image).userID == 3)
    }

    @Test func `a symlink out of the image finds nothing of the host`() throws {
        let (store, image) = try image([[.directory("etc"), .symlink("etc/passwd", to: "../../../../../../etc/passwd")]])
        #expect(
            refusal(.failed) { try store.resolveUser("root", in: image) }
                == "read /etc/passwd of the image: Too many levels of symbolic links")
    }

    @Test func `what the container changed counts when its snapshot is given`() throws {
        let (store, image) = try image([Self.base])
        let snapshot = try store.prepareSnapshot(id: "c", image: image)
        mkdir(snapshot.upperDirectory + "/etc", 0o755)
        let upper = try Directory(path: snapshot.upperDirectory + "/etc")
        try upper.writeAtomically(Array("a:x:9:9::/:\n".utf8), to: "passwd")
        #expect(try store.resolveUser("a", in: image, snapshot: snapshot).userID == 9)
        #expect(try store.resolveUser("a", in: image).userID == 1)
    }

    @Test func `a mounted root is read without leaving it`() throws {
        try directory.write("root/etc/group", "g:x:5:a\n")
        try directory.write("root/data", "a:x:4:4::/:\n")
        shell("ln -s /../data \(directory.path("root/etc/passwd"))")
        let root = try OwnedFD.directory(directory.path("root"))
        #expect(try ResolvedUser.resolve("a:g", inRoot: root).groupID == 5)
        #expect(try ResolvedUser.resolve("a", inRoot: root).userID == 4)
    }

    @Test func `a huge or strange passwd file is refused`() throws {
        let (store, image) = try image([[.directory("etc"), .file("etc/passwd", String(repeating: "x", count: 9 << 20))]])
        #expect(refusal { try store.resolveUser("a", in: image) } == "/etc/passwd in the image is larger than 8388608 bytes")
        let fifo = try self.image([[.directory("etc"), .of(.fifo, "etc/passwd")]])
        #expect(refusal { try fifo.0.resolveUser("a", in: fifo.1) } == "/etc/passwd in the image is no regular file")
    }
}
