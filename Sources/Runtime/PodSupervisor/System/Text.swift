internal import CLinux

/// Bytes of a path or a message. `String` would bring Unicode tables into the supervisor, several times its size.
struct Text: Equatable {
    private(set) var bytes: [UInt8]

    init(_ bytes: [UInt8] = []) { self.bytes = bytes }

    init(_ literal: StaticString) {
        bytes = unsafe [UInt8](UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    /// The text of an errno.
    init(errorNumber: Int32) {
        bytes = []
        var cursor = unsafe sv_error_text(errorNumber)
        while let at = unsafe cursor, unsafe at.pointee != 0 {
            unsafe bytes.append(UInt8(bitPattern: at.pointee))
            unsafe cursor = at + 1
        }
    }

    static func + (left: Text, right: Text) -> Text { Text(left.bytes + right.bytes) }
    static func + (left: Text, right: StaticString) -> Text { left + Text(right) }
    static func + (left: Text, right: [UInt8]) -> Text { Text(left.bytes + right) }
    static func + (left: Text, right: UInt64) -> Text { Text(left.bytes + digits(right)) }

    /// A decimal number, padded with zeros to a width.
    static func digits(_ number: UInt64, width: Int = 1) -> [UInt8] {
        var reversed: [UInt8] = []
        var rest = number
        while rest > 0 || reversed.count < width {
            reversed.append(UInt8(0x30 + rest % 10))
            rest /= 10
        }
        return reversed.reversed()
    }

    /// A number of up to 10 digits after an optional minus sign, with white space around it; nil when it is something else.
    static func number(_ bytes: ArraySlice<UInt8>) -> Int64? {
        var value: Int64 = 0, digits = 0, negative = false
        for byte in bytes {
            if (0x30...0x39).contains(byte), digits < 10 {
                value = value * 10 + Int64(byte - 0x30)
                digits += 1
            } else if byte == 0x2d, digits == 0, !negative {
                negative = true
            } else if byte != 0x0a {
                return nil
            }
        }
        return digits == 0 ? nil : negative ? -value : value
    }

    /// Calls with the bytes as a C string.
    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        var terminated: [CChar] = []
        terminated.reserveCapacity(bytes.count + 1)
        for byte in bytes { terminated.append(CChar(bitPattern: byte)) }
        terminated.append(0)
        return unsafe terminated.withUnsafeBufferPointer { buffer in
            // The array has at least the terminator, so there is a base address.
            unsafe body(buffer.baseAddress.unsafelyUnwrapped)
        }
    }
}

/// A path cut into the directory and the name in it.
struct FilePath {
    let directory: Text
    let name: Text

    /// - Parameter path: Absolute, not ending in a slash.
    init(_ path: [UInt8]) {
        var slash = 0
        for index in path.indices where path[index] == 0x2f { slash = index }
        directory = Text(slash == 0 ? [0x2f] : [UInt8](path[..<slash]))
        name = Text([UInt8](path[(slash + 1)...]))
    }
}
