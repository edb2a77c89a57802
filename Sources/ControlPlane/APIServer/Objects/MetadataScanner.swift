internal import APIMachinery

/// Reads labels out of an object's bytes without reading the object.
enum MetadataScanner {
    /// - Parameters:
    ///   - bytes: Compact JSON.
    ///   - start: Where the first member of the metadata begins.
    static func labels(in bytes: [UInt8], metadataAt start: Int) -> [String: String] {
        guard let range = value(of: Array("\"labels\":".utf8).span, in: bytes.span, from: start),
            case .object(let object)? = try? JSONValue(parsing: bytes.span.extracting(range))
        else { return [:] }
        var labels: [String: String] = [:]
        for member in object.members { labels[member.key] = member.value.stringValue ?? "" }
        return labels
    }

    /// Where the metadata of compact JSON ends: behind its closing brace.
    static func end(in bytes: [UInt8], metadataAt start: Int) -> Int {
        var position = start - 1  // the opening brace
        skipValue(bytes.span, &position)
        return min(position, bytes.count)
    }

    /// Walks the members of one object until the key is met or the object ends.
    private static func value(of key: Span<UInt8>, in bytes: Span<UInt8>, from start: Int) -> Range<Int>? {
        var position = start
        while position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
            let isKey = position + key.count < bytes.count && bytes.extracting(position..<position + key.count).isSame(as: key)
            skipString(bytes, &position)
            position += 1  // the colon
            let begin = position
            skipValue(bytes, &position)
            if isKey { return begin..<min(position, bytes.count) }
            guard position < bytes.count, bytes[position] == UInt8(ascii: ",") else { return nil }
            position += 1
        }
        return nil
    }

    private static func skipString(_ bytes: Span<UInt8>, _ position: inout Int) {
        position += 1
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        position += 1
    }

    private static func skipValue(_ bytes: Span<UInt8>, _ position: inout Int) {
        var depth = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                skipString(bytes, &position)
                if depth == 0 { return }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return }
                depth -= 1
                if depth == 0 {
                    position += 1
                    return
                }
            case UInt8(ascii: ",") where depth == 0: return
            default: break
            }
            position += 1
        }
    }
}
