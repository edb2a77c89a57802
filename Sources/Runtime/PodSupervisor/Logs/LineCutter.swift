internal import CLinux

/// Turns a batch of a container's output into entries of a CRI log.
///
/// A line is an entry with tag `F`. A line over 16 KiB comes in pieces with tag `P` before its last one. What follows the
/// last newline stays behind for the next batch, at the end of the stream it is an entry with tag `P` (containerd's rule).
@safe struct LineCutter: ~Copyable {
    static let pieceLimit = 16 << 10
    /// Room for one entry of any size.
    static let entryLimit = LogPrefix.size + pieceLimit + 1

    private let input: UnsafeRawBufferPointer
    private let atEnd: Bool
    /// How much of the input has become entries.
    private(set) var consumed = 0

    /// - Parameter input: Must outlive the cutter. The last line of it may be unfinished, unless `atEnd`.
    init(_ input: UnsafeRawBufferPointer, atEnd: Bool) {
        unsafe self.input = unsafe input
        self.atEnd = atEnd
    }

    /// Writes whole entries to the output while there is input for them and room.
    ///
    /// - Parameter limit: How many entries at most.
    /// - Returns: Bytes written. 0 when `isDone`, or when the next entry does not fit.
    mutating func fill(_ output: UnsafeMutableRawBufferPointer, prefix: [UInt8], limit: Int = .max) -> Int {
        precondition(prefix.count == LogPrefix.size)
        guard let source = unsafe input.baseAddress, let target = output.baseAddress else { return 0 }
        let room = output.count
        var written = 0, entries = 0
        unsafe prefix.withUnsafeBytes { prefix in
            // prefix has 40 bytes, so there is a base address.
            let prefixBytes = unsafe prefix.baseAddress.unsafelyUnwrapped
            while entries < limit, let piece = nextPiece() {
                let size = LogPrefix.size + piece.length + 1
                guard size <= room - written else { return }
                let entry = unsafe target + written
                unsafe entry.copyMemory(from: prefixBytes, byteCount: LogPrefix.size)
                if !piece.isWhole { unsafe entry.storeBytes(of: 0x50, toByteOffset: LogPrefix.tagIndex, as: UInt8.self) }
                unsafe (entry + LogPrefix.size).copyMemory(from: source + consumed, byteCount: piece.length)
                unsafe entry.storeBytes(of: 0x0a, toByteOffset: size - 1, as: UInt8.self)
                written += size
                entries += 1
                consumed += piece.length + (piece.isWhole ? 1 : 0)
            }
        }
        return written
    }

    /// Whether nothing is left that makes an entry.
    var isDone: Bool { nextPiece() == nil }

    private struct Piece: Equatable {
        var length: Int
        /// Whether the line's newline follows.
        var isWhole: Bool
    }

    private func nextPiece() -> Piece? {
        let left = unsafe input.count - consumed
        guard left > 0, let source = unsafe input.baseAddress else { return nil }
        // One more than a piece: whether a full piece is the line's end shows in the byte behind it.
        let window = min(left, Self.pieceLimit + 1)
        let newline = unsafe sv_find(source + consumed, window, 0x0a)
        if newline < window { return Piece(length: newline, isWhole: true) }
        if left > Self.pieceLimit { return Piece(length: Self.pieceLimit, isWhole: false) }
        return atEnd ? Piece(length: left, isWhole: false) : nil
    }
}

/// Counting in bytes that are already entries.
enum LogEntries {
    /// How many bytes of the container's output stand in entries at and behind an offset; an entry cut by the offset counts with its rest.
    ///
    /// - Parameter entries: Whole entries.
    static func payloadBytes(in entries: UnsafeRawBufferPointer, from offset: Int) -> UInt64 {
        guard let base = entries.baseAddress else { return 0 }
        var start = 0, total = 0
        while start < entries.count {
            let length = unsafe sv_find(base + start, entries.count - start, 0x0a)
            let isWhole = unsafe entries[start + LogPrefix.tagIndex] == 0x46
            let end = start + length + (isWhole ? 1 : 0)
            total += max(0, end - max(offset, start + LogPrefix.size))
            start += length + 1
        }
        return UInt64(total)
    }
}
