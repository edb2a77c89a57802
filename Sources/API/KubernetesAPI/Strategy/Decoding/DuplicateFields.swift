internal import APIMachinery

/// Finds members that stand twice in an object of a JSON text. The ordinary reader keeps no trace of them.
package enum DuplicateFields {
    /// - Parameter bytes: Well-formed JSON.
    /// - Returns: `duplicate field "data.a"` for each, in the order of the text.
    package static func texts(in bytes: [UInt8]) -> [String] {
        var scanner = Scanner(bytes: bytes)
        scanner.value()
        return scanner.found
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0
        var path: [String] = []
        var found: [String] = []

        mutating func value() {
            skipSpace()
            switch peek {
            case UInt8(ascii: "{"): object()
            case UInt8(ascii: "["): array()
            case UInt8(ascii: "\""): _ = string()
            default: scalar()
            }
        }

        private var peek: UInt8 { position < bytes.count ? bytes[position] : 0 }

        private mutating func skipSpace() {
            while position < bytes.count, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[position]) { position += 1 }
        }

        private mutating func object() {
            position += 1
            var seen: Set<String> = []
            skipSpace()
            while position < bytes.count, peek != UInt8(ascii: "}") {
                let key = string()
                if !seen.insert(key).inserted {
                    found.append("duplicate field \((path + [key]).joined(separator: ".").quoted)")
                }
                skipSpace()
                position += 1  // the colon
                path.append(key)
                value()
                path.removeLast()
                separator()
            }
            position += 1
        }

        private mutating func array() {
            position += 1
            skipSpace()
            let last = path.popLast() ?? ""
            var index = 0
            while position < bytes.count, peek != UInt8(ascii: "]") {
                path.append("\(last)[\(index)]")
                value()
                path.removeLast()
                index += 1
                separator()
            }
            path.append(last)
            position += 1
        }

        private mutating func separator() {
            skipSpace()
            if peek == UInt8(ascii: ",") {
                position += 1
                skipSpace()
            }
        }

        private mutating func string() -> String {
            skipSpace()
            let start = position
            position += 1
            while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
                position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
            }
            position = min(position + 1, bytes.count)
            let text = Array(bytes[start..<position])
            return (try? JSONValue(parsing: text))?.stringValue ?? String(decoding: text, as: UTF8.self)
        }

        private mutating func scalar() {
            while position < bytes.count, !",]} \n\r\t".utf8.contains(bytes[position]) { position += 1 }
        }
    }
}
