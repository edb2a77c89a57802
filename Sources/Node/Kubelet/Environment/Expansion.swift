/// `$(NAME)` references in a container's command, args and environment.
package enum Expansion {
    /// Replaces `$(NAME)` by `lookup(NAME)`, and `$$` by `$`. A name that is not known stays as it is written.
    ///
    /// - Note: Follows `third_party/forked/golang/expansion` of Kubernetes: an unclosed `$(` and a `$` before anything else stay too.
    package static func expand(_ text: String, _ lookup: (String) -> String?) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "$"), index + 1 < bytes.count else {
                result.append(bytes[index])
                index += 1
                continue
            }
            let (replacement, length) = reference(bytes[(index + 1)...], lookup)
            result += replacement
            index += 1 + length
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// What a `$` followed by `rest` stands for, and how many bytes of `rest` belong to it.
    private static func reference(_ rest: ArraySlice<UInt8>, _ lookup: (String) -> String?) -> ([UInt8], Int) {
        switch rest[rest.startIndex] {
        case UInt8(ascii: "$"):
            return ([UInt8(ascii: "$")], 1)
        case UInt8(ascii: "("):
            guard let close = rest.firstIndex(of: UInt8(ascii: ")")) else { return (Array("$(".utf8), 1) }
            let name = String(decoding: rest[(rest.startIndex + 1)..<close], as: UTF8.self)
            let length = close - rest.startIndex + 1
            return (Array((lookup(name) ?? "$(\(name))").utf8), length)
        default:
            return ([UInt8(ascii: "$"), rest[rest.startIndex]], 1)
        }
    }
}
