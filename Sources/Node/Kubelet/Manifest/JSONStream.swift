/// JSON objects behind each other with nothing between them, as `kubectl` takes them.
enum JSONStream {
    /// Cuts a text into its top-level objects.
    ///
    /// - Returns: Each with as many line ends before it as stood there, so that its lines keep their numbers. The text itself when it is
    ///   something else, or one object only.
    static func objects(in bytes: [UInt8]) -> [[UInt8]] {
        var ends: [Int] = []
        var depth = 0
        var isInString = false, isEscaped = false
        for (index, byte) in bytes.enumerated() {
            if isInString {
                isInString = byte != UInt8(ascii: "\"") || isEscaped
                isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
                continue
            }
            switch byte {
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { ends.append(index + 1) }
                if depth < 0 { return [bytes] }
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): break
            case _ where depth == 0: return [bytes]
            case UInt8(ascii: "\""): isInString = true
            default: break
            }
        }
        guard ends.count > 1, depth == 0 else { return [bytes] }
        return zip([0] + ends, ends).map { begin, end in
            bytes[..<begin].filter { $0 == UInt8(ascii: "\n") } + bytes[begin..<end]
        }
    }
}
