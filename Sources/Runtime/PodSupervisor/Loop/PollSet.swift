internal import CLinux

/// What a ready descriptor belongs to.
enum PollSource {
    case signals
    case listener
    case connection(Connection)
    case exit
    case output(ManagedProcess, OutputStream)
    case outputClient(OutputStream, OutputClient)
    case stdinSink(StdinPipe)
    case stdinClient(StdinPipe, StdinClient)
}

/// The descriptors of one round of poll(2), made anew each time from what there is: no registration can be forgotten.
struct PollSet {
    private var entries: [sv_poll] = []
    private var sources: [PollSource] = []

    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        sources.removeAll(keepingCapacity: true)
    }

    mutating func add(_ number: Int32, reading: Bool = true, writing: Bool = false, _ source: PollSource) {
        let events = (reading ? SV_POLLIN : 0) | (writing ? SV_POLLOUT : 0)
        entries.append(sv_poll(fd: number, events: Int16(events), revents: 0))
        sources.append(source)
    }

    /// Waits until something is ready or the deadline has come.
    ///
    /// - Returns: What is ready, with its revents.
    mutating func wait(until deadline: Instant?) -> [(source: PollSource, events: Int16)] {
        let timeout = deadline.map { deadline in max(0, deadline - Instant.now()) } ?? -1
        let count = unsafe entries.withUnsafeMutableBufferPointer { entries in
            unsafe sv_poll(entries.baseAddress, entries.count, timeout)
        }
        guard count > 0 else { return [] }
        var ready: [(source: PollSource, events: Int16)] = []
        for index in entries.indices where entries[index].revents != 0 {
            ready.append((sources[index], entries[index].revents))
        }
        return ready
    }
}
