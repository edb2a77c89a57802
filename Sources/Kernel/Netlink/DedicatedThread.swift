internal import Glibc
internal import LinuxSystem

/// What a thread runs; the only thing that crosses pthread_create(3).
private final class ThreadBody {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
}

/// Runs `body` on a thread that lives for this call only, and waits for it.
///
/// Namespaces entered by `body` (`setns`, `unshare` act on one thread) end with the thread, so no other code can ever run in them and
/// nothing has to be switched back. The new thread starts in the caller's namespaces. Costs about 40 µs.
package func withDedicatedThread<Success: ~Copyable>(_ body: () throws -> Success) throws -> Success {
    let outcome = Outcome<Success>()
    try withoutActuallyEscaping(body) { body in
        try runAndJoin(
            ThreadBody {
                do { outcome.result = .success(try body()) } catch { outcome.result = .failure(error) }
            })
    }
    guard let result = outcome.result.take() else { preconditionFailure("the thread was joined, so its body has run") }
    return try result.get()
}

/// Where the thread leaves what its body gave. A class, because an escaping closure cannot fill a noncopyable variable.
private final class Outcome<Success: ~Copyable> {
    var result: Result<Success, any Error>?
}

private func runAndJoin(_ body: ThreadBody) throws(NetlinkError) {
    let thread = try start(body)
    _ = pthread_join(thread, nil)
}

/// A thread for blocking work that goes on. It starts in the namespaces of the thread that made it, and must be joined.
package struct BackgroundThread: ~Copyable, Sendable {
    private let thread: pthread_t

    package init(_ body: @escaping @Sendable () -> Void) throws(NetlinkError) {
        thread = try start(ThreadBody(body))
    }

    /// Waits for the body to return.
    package consuming func join() { _ = pthread_join(thread, nil) }
}

private func start(_ body: ThreadBody) throws(NetlinkError) -> pthread_t {
    var thread = pthread_t()
    let context = unsafe Unmanaged.passRetained(body)
    let error = unsafe pthread_create(&thread, nil, runThreadBody, context.toOpaque())
    guard error == 0 else {
        unsafe context.release()
        throw NetlinkError("start a thread", Errno(rawValue: error))
    }
    return thread
}

private func runThreadBody(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    unsafe Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
