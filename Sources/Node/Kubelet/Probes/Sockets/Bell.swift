internal import Glibc

/// Wakes a thread out of poll(2).
struct Bell: Sendable {
    private let reading: Int32
    private let writing: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        let result = unsafe pipe(&ends)
        precondition(result == 0, "no pipe for probes: errno \(errno)")
        (reading, writing) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    var pollEntry: pollfd { pollfd(fd: reading, events: Int16(POLLIN), revents: 0) }

    /// A pipe that is full rings already.
    func ring() {
        var byte: UInt8 = 1
        while unsafe write(writing, &byte, 1) < 0, errno == EINTR {}
    }

    func silence() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while unsafe read(reading, &bytes, bytes.count) > 0 || errno == EINTR {}
    }
}

/// A thread that lives as long as the program.
enum LoopThread {
    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    static func start(_ body: @escaping @Sendable () -> Void) {
        let box = unsafe Unmanaged.passRetained(Box(body))
        var thread = pthread_t()
        let failure = unsafe pthread_create(
            &thread, nil,
            { argument in
                if let argument = unsafe argument { unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        precondition(failure == 0, "no thread for probes: errno \(failure)")
        pthread_detach(thread)
    }
}
