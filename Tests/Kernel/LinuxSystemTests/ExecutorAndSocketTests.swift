import Glibc
import LinuxSystem
import Synchronization
import Testing

@Suite struct ExecutorAndSocketTests {
    struct Refused: Error, Equatable {}
    final class Arrivals: Sendable {
        let count = Mutex(0)
    }
    final class Load: Sendable {
        let running = Mutex((now: 0, most: 0))
        let threads = Mutex<Set<UInt>>([])
    }

    @Test func `work runs on threads that may block, all of them at once`() async throws {
        let executor = try BlockingExecutor(threads: 8)
        // Each waits until all eight are running: fewer threads would never get there.
        let arrived = Arrivals()
        let results = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<8 {
                group.addTask {
                    try await executor.run {
                        arrived.count.withLock { $0 += 1 }
                        let deadline = ContinuousClock.now + .seconds(20)
                        while arrived.count.withLock({ $0 }) < 8 {
                            guard ContinuousClock.now < deadline else { throw Refused() }
                            usleep(100)
                        }
                        return index
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.sorted() == Array(0..<8))
    }

    @Test func `threads are started as work needs them, and never more than allowed`() async throws {
        let executor = try BlockingExecutor(threads: 3)
        let load = Load()
        // One after the other: the thread that is there does it all, or a second one when the first is not back yet.
        for _ in 0..<20 { try await executor.run { _ = load.threads.withLock { $0.insert(UInt(pthread_self())) } } }
        #expect(load.threads.withLock { $0.count } <= 2)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<30 {
                group.addTask {
                    try await executor.run {
                        load.running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                        usleep(2000)
                        load.running.withLock { $0.now -= 1 }
                        _ = load.threads.withLock { $0.insert(UInt(pthread_self())) }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(load.running.withLock { $0.most } <= 3)
        #expect(load.threads.withLock { $0.count } <= 3)
    }

    @Test func `errors come back, with their type`() async throws {
        let executor = try BlockingExecutor(threads: 1)
        await #expect(throws: Refused()) { try await executor.run { throw Refused() } }
        do throws(Refused) {
            try await executor.run(throwing: Refused.self) { () throws(Refused) in throw Refused() }
        } catch { #expect(error == Refused()) }
    }

    @Test func `what was given is done even when the executor goes away`() async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
        for round in 0..<20 {
            let executor = try BlockingExecutor(threads: 2)
            async let result: Void = executor.run { _ = continuation.yield(round) }
            try await result
        }
        continuation.finish()
        #expect(await stream.reduce(0) { count, _ in count + 1 } == 20)
    }

    @Test func `messages carry descriptors, which are close-on-exec`() throws {
        let pair = try UnixSocket.pair(.packets)
        let pipe = try OwnedFD.pipe()
        try pair.one.send(Array("hello".utf8), descriptors: [pipe.write.rawValue, pipe.read.rawValue])
        let message = try pair.other.receive(upTo: 100, descriptors: 4)
        #expect(message.bytes == Array("hello".utf8) && !message.isTruncated)
        #expect(message.descriptors.count == 2)
        #expect(fcntl(message.descriptors[0].fd.rawValue, F_GETFD) == FD_CLOEXEC)
        try message.descriptors[0].fd.writeAll([42])
        #expect(try pipe.read.read(upTo: 10) == [42])
    }

    @Test func `what does not fit is reported, and no descriptor leaks`() throws {
        let pair = try UnixSocket.pair(.packets)
        let pipe = try OwnedFD.pipe()
        try pair.one.send([1, 2, 3], descriptors: [pipe.write.rawValue, pipe.write.rawValue])
        let message = try pair.other.receive(upTo: 2, descriptors: 1)
        #expect(message.isTruncated && message.descriptors.count == 1 && message.bytes == [1, 2])
        try pipe.write.close()
        try message.descriptors[0].fd.writeAll([7])
        #expect(try pipe.read.read(upTo: 10) == [7])
    }

    @Test func `listen, connect, credentials, poll`() throws {
        let directory = try makeTemporaryDirectory()
        defer { removeTree(directory) }
        let path = directory + "/socket"
        let listener = try UnixSocket.listen(path, .packets)
        var status = stat()
        try call(stat(path, &status))
        #expect(status.st_mode & 0o777 == 0o600)
        #expect(try poll([(listener.rawValue, .readable)], timeout: .zero) == [[]])
        let client = try UnixSocket.connect(path, .packets)
        #expect(try poll([(listener.rawValue, .readable)], timeout: .seconds(5)) == [.readable])
        let server = try listener.acceptConnection()
        let peer = try server.peerCredentials()
        #expect(peer.pid == getpid() && peer.uid == geteuid() && peer.gid == getegid())
        try client.close()
        #expect(try server.receive(upTo: 10).bytes.isEmpty)
        #expect(throws: SystemError("connect to \(directory)/absent", .noSuchFile)) {
            _ = try UnixSocket.connect(directory + "/absent", .packets)
        }
    }

    @Test func `files are replaced whole, locks are exclusive`() throws {
        let directory = try makeTemporaryDirectory()
        defer { removeTree(directory) }
        try Files.makeDirectories(directory + "/a/b/c")
        try Files.makeDirectories(directory + "/a/b/c")
        #expect(Files.isDirectory(directory + "/a/b/c"))
        let path = directory + "/a/file"
        try Files.replace(path, with: Array("one".utf8))
        try Files.replace(path, with: Array("two".utf8), durably: false)
        #expect(try Files.readText(path) == "two")
        #expect(try Files.names(in: directory + "/a").sorted() == ["b", "file"])
        #expect(throws: SystemError("read \(path)", Errno(rawValue: EFBIG))) { _ = try Files.read(path, limit: 2) }
        #expect(throws: SystemError("create directory \(path)/x", .notDirectory)) { try Files.makeDirectories(path + "/x") }
        #expect(try isLocked(directory + "/lock", while: AdvisoryLock.ifFree(directory + "/lock")))
        #expect(try Files.remove(path) && !Files.remove(path))
    }

    /// Whether nobody else gets the lock that is held.
    private func isLocked(_ path: String, while held: consuming AdvisoryLock?) throws -> Bool {
        guard let held = consume held else { return false }
        let isFree = try AdvisoryLock.ifFree(path) != nil
        _ = consume held
        return !isFree
    }
}
