internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// A container's current log file: appends entries, rotates, and rides out a disk that refuses them.
///
/// working ──write fails──▶ stalled ──writing works──▶ working
///                             └─5 s─▶ dropping ──a marker line can be written──▶ working
///
/// While stalled nobody reads the container's pipes, so it waits in write(2); while dropping its output is read, counted and lost.
final class LogFile {
    enum Condition: Equatable {
        case working
        case stalled(since: Instant, errorNumber: Int32)
        case dropping(errorNumber: Int32)
    }

    static let stallLimit = 5 * Instant.second
    static let stalledRetry = Instant.second / 10
    static let droppingRetry = Instant.second
    /// A rotation that failed is not tried again for this long; the file grows meanwhile.
    static let rotationRetry = 10 * Instant.second

    private let path: FilePath
    private var maxSizeBytes: UInt64
    private var maxFiles: UInt32
    private var file = DescriptorSlot()
    private var size: UInt64 = 0
    private(set) var condition = Condition.working
    /// When `retry` has something to do.
    private(set) var retryTime: Instant?
    /// Entries that the disk has not taken, from `unwrittenOffset` on.
    private var unwritten: [UInt8] = []
    private var unwrittenOffset = 0
    private var droppedBytes: UInt64 = 0
    private var rotationBlockedUntil: Instant?
    /// The second of the last rotation and its number in it: a name that was deleted is not used again, it would sort wrongly.
    private var lastRotation: (second: Int64, attempt: Int) = (0, 0)
    /// What changed since the last `takeNews`: an errno (0: works again) and the bytes lost.
    private var news: (errorNumber: Int32, droppedBytes: UInt64)?

    init(_ target: LogTarget) throws(SystemFailure) {
        path = FilePath(target.path)
        maxSizeBytes = target.maxSizeBytes
        maxFiles = target.maxFiles
        try open()
    }

    func setPolicy(maxSizeBytes: UInt64, maxFiles: UInt32) {
        self.maxSizeBytes = maxSizeBytes
        self.maxFiles = maxFiles
    }

    /// Opens the path anew, after somebody renamed the file.
    func reopen() throws(SystemFailure) {
        file.close()
        try open()
    }

    func takeNews() -> (errorNumber: Int32, droppedBytes: UInt64)? {
        let news = news
        self.news = nil
        return news
    }

    // MARK: Writing

    /// How many bytes the next `write` may bring so that the file stays within its limit.
    func room(upTo capacity: Int, at now: Instant) -> Int {
        if maxSizeBytes == 0 { return capacity }
        if let rotationBlockedUntil, now < rotationBlockedUntil { return capacity }
        return size < maxSizeBytes ? Int(min(UInt64(capacity), maxSizeBytes - size)) : 0
    }

    /// Appends whole entries. When the disk refuses, keeps them and becomes stalled.
    func write(_ entries: UnsafeRawBufferPointer, at now: Instant) {
        let written = unsafe append(entries)
        guard written.count < entries.count else { return }
        unsafe unwritten = [UInt8](entries)
        unwrittenOffset = written.count
        condition = .stalled(since: now, errorNumber: written.errorNumber)
        retryTime = now + Self.stalledRetry
        news = (written.errorNumber, 0)
    }

    /// Counts output that is lost because of the outage.
    func drop(_ count: Int) { droppedBytes += UInt64(count) }

    /// Tries again to write, when it is time.
    func retry(at now: Instant) {
        guard let retryTime, retryTime <= now else { return }
        switch condition {
        case .working: self.retryTime = nil
        case .stalled(let since, _): retryUnwritten(since: since, at: now)
        case .dropping(let errorNumber): retryMarker(errorNumber, at: now)
        }
    }

    /// Tries at once: the container has ended or is forgotten, and an outage may be over that was to be looked at later.
    func retryNow(at now: Instant) {
        guard retryTime != nil else { return }
        retryTime = now
        retry(at: now)
    }

    private func retryUnwritten(since: Instant, at now: Instant) {
        let written = unsafe unwritten.withUnsafeBytes { bytes in
            unsafe append(UnsafeRawBufferPointer(rebasing: bytes[unwrittenOffset...]))
        }
        unwrittenOffset += written.count
        if unwrittenOffset == unwritten.count { return work() }
        guard now - since >= Self.stallLimit else {
            condition = .stalled(since: since, errorNumber: written.errorNumber)
            retryTime = now + Self.stalledRetry
            return
        }
        unsafe unwritten.withUnsafeBytes { bytes in
            unsafe droppedBytes += LogEntries.payloadBytes(in: bytes, from: unwrittenOffset)
        }
        condition = .dropping(errorNumber: written.errorNumber)
        retryTime = now + Self.droppingRetry
        news = (written.errorNumber, droppedBytes)
    }

    /// The line that says what is missing here: `2026-… stderr F swiftlet: lost 4096 bytes: No space left on device`.
    private func retryMarker(_ errorNumber: Int32, at now: Instant) {
        var prefix = LogPrefix()
        prefix.set(nanosecondsSince1970: WallClock.now(), stream: .stderr)
        let isInsideEntry = unwrittenOffset > 0 && unwritten[unwrittenOffset - 1] != 0x0a
        let marker =
            Text(isInsideEntry ? "\n" : "") + prefix.bytes + "swiftlet: lost " + droppedBytes + " bytes: "
            + Text(errorNumber: errorNumber) + "\n"
        let written = unsafe marker.bytes.withUnsafeBytes { bytes in unsafe append(bytes) }
        if written.count == marker.bytes.count { return work() }
        // A marker cut short leaves an entry open as well; the next one begins on a line of its own.
        if written.count > 0 { (unwritten, unwrittenOffset) = ([0x20], 1) }
        retryTime = now + Self.droppingRetry
        news = (errorNumber, droppedBytes)
    }

    private func work() {
        news = (0, droppedBytes)
        condition = .working
        retryTime = nil
        unwritten = []
        unwrittenOffset = 0
        droppedBytes = 0
    }

    private func append(_ bytes: UnsafeRawBufferPointer) -> (count: Int, errorNumber: Int32) {
        var done = 0
        do throws(SystemFailure) {
            try openIfClosed()
            while done < bytes.count {
                let number = file.number ?? -1
                let count = try SystemFailure.check(unsafe sv_write(number, bytes.baseAddress.unsafelyUnwrapped + done, bytes.count - done))
                if count == 0 { throw SystemFailure(number: ErrorNumber.inputOutput) }
                done += count
                size += UInt64(count)
            }
            return (done, 0)
        } catch {
            return (done, error.number)
        }
    }

    private func openIfClosed() throws(SystemFailure) {
        if file.isEmpty { try open() }
    }

    private func open() throws(SystemFailure) {
        let directory = try Files.openDirectory(path.directory)
        let opened = try SystemFailure.descriptor(
            unsafe path.name.withCString { name in unsafe sv_open_log(directory.number, name) })
        let length = sv_size(opened.number)
        guard length >= 0 else { throw SystemFailure(number: Int32(-length)) }
        size = UInt64(length)
        file.put(opened)
    }

    // MARK: Rotation

    /// Renames the file and begins a new one. When that fails, writing goes on in the old one, beyond its limit.
    ///
    /// - Returns: Whether the file is a new one now.
    func rotate(at now: Instant) -> Bool {
        guard size > 0 else { return true }
        do {
            let directory = try Files.openDirectory(path.directory)
            try renameCurrent(in: directory.number)
            file.close()
            size = 0
            let names = try Files.names(in: directory.number)
            for name in LogRotation.excess(of: path.name, among: names, maxFiles: Int(maxFiles)) {
                try Files.remove(name, in: directory.number)
            }
            try open()
            return true
        } catch {
            news = (error.number, droppedBytes)
            rotationBlockedUntil = now + Self.rotationRetry
            return file.isEmpty
        }
    }

    private func renameCurrent(in directory: Int32) throws(SystemFailure) {
        let second = WallClock.now() / Instant.second
        var attempt = second == lastRotation.second ? lastRotation.attempt + 1 : 0
        while true {
            let target = LogRotation.name(of: path.name, at: second, attempt: attempt)
            let result = unsafe path.name.withCString { from in
                unsafe target.withCString { to in unsafe sv_rename(directory, from, to, 0) }
            }
            if result == -ErrorNumber.noEntry { return }  // somebody else renamed it
            if result != -ErrorNumber.exists || attempt >= 999 {
                _ = try SystemFailure.check(result)
                lastRotation = (second, attempt)
                return
            }
            attempt += 1
        }
    }
}
