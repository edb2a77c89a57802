import APIMachinery
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct LocalConnectionTests {
    private final class Counter: Sendable {
        let value = Mutex(0)
    }

    private func all(_ connection: any RawConnection) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let more = try await connection.read() { bytes += more }
        return bytes
    }

    @Test func `gives a body that is there`() async throws {
        #expect(try await all(APIResponse(status: 200, body: .bytes([1, 2])).connect()) == [1, 2])
        #expect(try await all(APIResponse(status: 200, body: .parts([[1], [], [2, 3]])).connect()) == [1, 2, 3])
        #expect(try await all(APIResponse(status: 200, body: .bytes([])).connect()) == [])
    }

    @Test func `a writer waits for its reader, and nothing is lost`() async throws {
        let (count, piece) = (200, 64 << 10)
        let written = Counter()
        let response = APIResponse(
            status: 200,
            body: .stream { stream in
                Task {
                    for number in 0..<count {
                        guard stream.write([UInt8](repeating: UInt8(number), count: piece)), await stream.waitForRoom() else { break }
                        written.value.withLock { $0 = number + 1 }
                    }
                    stream.finish()
                }
            })
        let connection = response.connect()
        for number in 0..<count {
            let bytes = try #require(try await connection.read())
            #expect(bytes.count == piece && bytes.first == UInt8(number))
            // Four pieces fit, and one more is written before there is no room for it.
            #expect(written.value.withLock { $0 } <= number + 6)
        }
        #expect(try await connection.read() == nil)
    }

    @Test func `a writer is told that its reader has gone`() async throws {
        let (told, tell) = AsyncStream.makeStream(of: Bool.self)
        let response = APIResponse(
            status: 200,
            body: .stream { stream in
                stream.onClose { tell.yield(true) }
                Task {
                    while stream.write([UInt8](repeating: 1, count: 100_000)), await stream.waitForRoom() {}
                    tell.yield(stream.write([1]))
                    tell.finish()
                }
            })
        let connection = response.connect()
        _ = try await connection.read()
        connection.close()
        #expect(await told.reduce(into: []) { $0.append($1) } == [true, false])
    }

    @Test func `a writer that does not wait is cut off`() async throws {
        let outcome = Mutex<Int?>(nil)
        let response = APIResponse(
            status: 200,
            body: .stream { stream in
                let piece = [UInt8](repeating: 1, count: 1 << 20)
                let accepted = (0..<100).first { _ in !stream.write(piece) }
                outcome.withLock { $0 = accepted }
            })
        let connection = response.connect()
        #expect(try #require(outcome.withLock { $0 }) == 65)
        #expect(try await connection.read() == nil)
    }

    @Test func `an upgraded connection carries bytes both ways until one side closes it`() async throws {
        let response = APIResponse(
            status: 101,
            body: .upgrade { connection in
                Task {
                    while let bytes = try await connection.read() { try await connection.write(bytes.reversed()) }
                    try await connection.write([9])
                    connection.close()
                }
            })
        let connection = response.connect()
        try await connection.write([1, 2, 3])
        #expect(try await connection.read() == [3, 2, 1])
        connection.close()
        await #expect(throws: (any Error).self) { try await connection.write([1]) }
        #expect(try await connection.read() == nil)
    }

    @Test func `a reader and a writer that wait can be cancelled`() async throws {
        let ends = Mutex<[any RawConnection]>([])
        let connection = APIResponse(status: 101, body: .upgrade { end in ends.withLock { $0.append(end) } }).connect()
        let reading = Task { try await connection.read() }
        let writing = Task { while true { try await connection.write([UInt8](repeating: 1, count: 100_000)) } }
        reading.cancel()
        writing.cancel()
        await #expect(throws: CancellationError.self) { try await reading.value }
        await #expect(throws: CancellationError.self) { try await writing.value }
        // The other end reads what came, and goes on.
        let other = try #require(ends.withLock { $0.first })
        try await other.write([7])
        #expect(try await connection.read() == [7])
    }

    @Test func `two writers that wait for room both go on`() async throws {
        let ends = Mutex<[any RawConnection]>([])
        let connection = APIResponse(status: 101, body: .upgrade { end in ends.withLock { $0.append(end) } }).connect()
        let other = try #require(ends.withLock { $0.first })
        let total = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<50 { try await connection.write([UInt8](repeating: 1, count: 50_000)) }
                    return 0
                }
            }
            group.addTask {
                var count = 0
                while count < 4 * 50 * 50_000, let bytes = try await other.read() { count += bytes.count }
                return count
            }
            return try await group.reduce(0, +)
        }
        #expect(total == 4 * 50 * 50_000)
    }
}
