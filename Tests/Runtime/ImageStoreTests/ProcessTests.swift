import Glibc
import LinuxSystem
import Testing

@testable import ImageStore

/// Several processes on one store, and processes that die in the middle.
@Suite(.enabled(if: isRoot), .serialized) struct ProcessTests {
    /// What each process does: imports its own image and a shared one, uses it, removes its own again.
    static func work(store path: String, archives: String, number: Int, rounds: Int) throws {
        let store = try ImageStore(root: path)
        for _ in 0..<rounds {
            try store.importImage(from: "\(archives)/shared.tar")
            let image = try #require(try store.importImage(from: "\(archives)/own-\(number).tar").first)
            _ = try store.prepareSnapshot(id: "c\(number)", image: image)
            try store.garbageCollect(inUse: ["shared:1", "own-0:1", "own-1:1"])
            let found = try #require(try store.image("own-\(number):1"))
            let tree = try MergedTree(paths: store.snapshot(id: "c", image: found).lowerDirectories)
            #expect(try tree.contents(of: "/common", limit: 10) == Array("x".utf8))
            try store.removeSnapshot(id: "c\(number)")
            try store.remove("own-\(number):1")
        }
    }

    static func archives(_ directory: TemporaryDirectory, count: Int) throws {
        for name in ["shared"] + (0..<count).map({ "own-\($0)" }) {
            var builder = try ImageBuilder([[.file("common", "x")], [.file("f", name)]])
            builder.tags = ["\(name):1"]
            _ = try builder.dockerArchive(at: "\(name).tar", in: directory)
        }
    }

    @Test func `processes at once do not get in each other's way`() async throws {
        let directory = TemporaryDirectory()
        try Self.archives(directory, count: 3)
        let (path, archives) = (directory.path("store"), directory.path)
        // Children of their own: each opens the store anew.
        async let first = #expect(processExitsWith: .success) { [path = path as String, archives = archives as String] in
            try ProcessTests.work(store: path, archives: archives, number: 0, rounds: 10)
        }
        async let second = #expect(processExitsWith: .success) { [path = path as String, archives = archives as String] in
            try ProcessTests.work(store: path, archives: archives, number: 1, rounds: 10)
        }
        _ = await (first, second)
        let store = try ImageStore(root: path)
        #expect(try store.images().map { $0.references.map(\.familiar) } == [["shared:1"]])
        #expect(directory.names("store/layers").count == 3)
        #expect(directory.names("store/ingest").isEmpty && directory.names("store/trash").isEmpty)
    }

    /// SIGALRM kills as SIGKILL does, and a process can set it to come at any microsecond.
    @Test func `a process killed at any point leaves a store that works`() async throws {
        let directory = TemporaryDirectory()
        try Self.archives(directory, count: 1)
        let (path, archives) = (directory.path("store"), directory.path)
        for round in 1...15 {
            await #expect(processExitsWith: .signal(SIGALRM)) {
                [path = path as String, archives = archives as String, round = round as Int] in
                var timer = itimerval()
                timer.it_value.tv_usec = round * 2_700
                #expect(setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil) == 0)
                try ProcessTests.work(store: path, archives: archives, number: 0, rounds: .max)
            }
            let store = try ImageStore(root: path)
            #expect(directory.names("store/ingest").isEmpty && directory.names("store/trash").isEmpty)
            for image in try store.images() {
                for layer in image.layers { _ = try store.layers.record(layer.chainID) }
            }
            try Self.work(store: path, archives: archives, number: 0, rounds: 1)
        }
        #expect(try ImageStore(root: path).garbageCollect(inUse: []).deleted.count == 1)
        #expect(directory.names("store/layers") == ["empty"] && directory.names("store/blobs/sha256").isEmpty)
        #expect(directory.names("store/quarantine").isEmpty)
    }
}
