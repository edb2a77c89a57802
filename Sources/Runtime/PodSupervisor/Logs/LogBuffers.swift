internal import CLinux

/// The working memory of all the pod's logs. Its pages exist only while output flows.
@safe final class LogBuffers {
    /// One read takes at most what a container's pipe holds.
    static let readSize = 256 << 10
    static let inputSize = readSize + LineCutter.pieceLimit
    static let outputSize = 512 << 10
    /// Pages are given back after this long without output.
    static let idleNanoseconds = Instant.second / 2

    let input: UnsafeMutableRawBufferPointer
    let output: UnsafeMutableRawBufferPointer
    private var prefix = LogPrefix()
    /// When the buffers were used last; nil when they have no pages.
    private(set) var lastUse: Instant?

    init() {
        // Never unmapped: there is one for the life of the process.
        unsafe input = UnsafeMutableRawBufferPointer(start: sv_pages(Self.inputSize), count: Self.inputSize)
        unsafe output = UnsafeMutableRawBufferPointer(start: sv_pages(Self.outputSize), count: Self.outputSize)
    }

    func use(at now: Instant) { lastUse = now }

    /// The prefix of entries for a batch: one clock reading for all its lines.
    func prefix(for stream: LogStream) -> [UInt8] {
        prefix.set(nanosecondsSince1970: WallClock.now(), stream: stream)
        return prefix.bytes
    }

    /// When `releaseIfIdle` has something to do.
    var releaseTime: Instant? { lastUse.map { use in use + Self.idleNanoseconds } }

    func releaseIfIdle(at now: Instant) {
        guard let releaseTime, releaseTime <= now else { return }
        unsafe sv_release_pages(input.baseAddress, Self.inputSize)
        unsafe sv_release_pages(output.baseAddress, Self.outputSize)
        lastUse = nil
    }
}
