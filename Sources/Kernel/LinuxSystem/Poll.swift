import Glibc

/// poll(2).
package struct PollEvents: OptionSet, Hashable, Sendable {
    package let rawValue: Int16
    package init(rawValue: Int16) { self.rawValue = rawValue }
    package static let readable = PollEvents(rawValue: 0x001)
    package static let urgent = PollEvents(rawValue: 0x002)
    package static let writable = PollEvents(rawValue: 0x004)
    package static let failed = PollEvents(rawValue: 0x008)
    package static let hungUp = PollEvents(rawValue: 0x010)
    package static let invalid = PollEvents(rawValue: 0x020)
}

/// Waits until a descriptor has one of the events, or failed or was hung up, which need not be asked for.
///
/// - Parameter timeout: `nil` waits for ever.
/// - Returns: What there is; empty when the time is over.
package func poll(
    _ descriptors: [(fd: CInt, events: PollEvents)], timeout: Duration? = nil
) throws(Errno) -> [PollEvents] {
    var entries = descriptors.map { pollfd(fd: $0.fd, events: $0.events.rawValue, revents: 0) }
    let deadline = timeout.map { ContinuousClock.now + $0 }
    while true {
        let count = unsafe Glibc.poll(&entries, nfds_t(entries.count), milliseconds(until: deadline))
        if count >= 0 { return entries.map { PollEvents(rawValue: $0.revents) } }
        let error = Errno.current
        guard error == .interrupted else { throw error }
    }
}

/// Rounded up, so that poll does not return before the deadline only to be called again.
private func milliseconds(until deadline: ContinuousClock.Instant?) -> CInt {
    guard let deadline else { return -1 }
    let left = max(.zero, deadline - .now)
    let (seconds, attoseconds) = left.components
    return CInt(clamping: seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
}
