import APIMachinery
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct ByteInboxTests {
    private struct Broken: Error {}
    private func next(_ inbox: ByteInbox) async throws -> [UInt8]? { try await inbox.next {} }

    @Test func `gives what has come in its order, then the end`() async throws {
        let inbox = ByteInbox()
        for number in 0..<200 { inbox.append([UInt8(number)]) }
        inbox.append([])
        inbox.end()
        inbox.end(Broken())
        for number in 0..<200 { #expect(try await next(inbox) == [UInt8(number)]) }
        #expect(try await next(inbox) == nil)
        #expect(try await next(inbox) == nil)
    }

    @Test func `tells of a failure after all that had come`() async throws {
        let inbox = ByteInbox()
        inbox.append([1])
        inbox.end(Broken())
        #expect(try await next(inbox) == [1])
        await #expect(throws: Broken.self) { _ = try await next(inbox) }
    }

    @Test func `wakes a reader that waits`() async throws {
        let inbox = ByteInbox()
        async let first = next(inbox)
        inbox.append([1])
        #expect(try await first == [1])
        async let second = next(inbox)
        inbox.end()
        #expect(try await second == nil)
    }

    @Test func `lets a reader go that is cancelled, and keeps what comes for the next`() async throws {
        let inbox = ByteInbox()
        let reading = Task { try await next(inbox) }
        reading.cancel()
        await #expect(throws: CancellationError.self) { _ = try await reading.value }
        inbox.append([1])
        #expect(try await next(inbox) == [1])
    }

    @Test func `stops reading while much waits, and goes on when all is read`() async throws {
        let inbox = ByteInbox(bytesMax: 10)
        let readOnCount = Mutex(0)
        func read() async throws -> [UInt8]? { try await inbox.next { readOnCount.withLock { $0 += 1 } } }
        inbox.append([UInt8](repeating: 1, count: 6))
        #expect(inbox.mayReadOn())
        inbox.append([UInt8](repeating: 2, count: 6))
        #expect(!inbox.mayReadOn())
        _ = try await read()
        #expect(readOnCount.withLock { $0 } == 0)
        _ = try await read()
        #expect(readOnCount.withLock { $0 } == 1)
        #expect(inbox.mayReadOn())
    }
}
