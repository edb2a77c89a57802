import Glibc

/// Runs blocking code on a thread of its own, so that it keeps nobody else waiting.
package func offTheLoop<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        startThread { continuation.resume(with: Result { try body() }) }
    }
}

/// What a command prints to both outputs, and its exit code.
package func shell(_ command: String) async throws -> (output: String, status: CInt) {
    try await offTheLoop {
        guard let pipe = popen("{ \(command)\n} 2>&1", "r") else { throw TestFailure("popen: errno \(errno)") }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 { bytes += buffer.prefix(count) }
        let status = pclose(pipe)
        return (String(decoding: bytes, as: UTF8.self), (status >> 8) & 0xFF)
    }
}

/// A test's own means failed, not what it tests.
package struct TestFailure: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

private final class Job: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

private func startThread(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let job = Unmanaged.passRetained(Job(body))
    let failure = pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, job.toOpaque())
    precondition(failure == 0, "no thread for a test: errno \(failure)")
    pthread_detach(thread)
}
