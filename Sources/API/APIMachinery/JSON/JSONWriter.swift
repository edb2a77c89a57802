/// How JSON text is laid out.
package struct JSONStyle: Hashable, Sendable {
    /// Spaces per level, or nil for everything on one line.
    package var indent: Int?
    /// Writes `<`, `>`, `&`, U+2028 and U+2029 as escapes, as Go's encoder does by default.
    package var escapesHTML = false

    package init(indent: Int? = nil, escapesHTML: Bool = false) {
        self.indent = indent
        self.escapesHTML = escapesHTML
    }

    package static let compact = JSONStyle()
    package static let pretty = JSONStyle(indent: 2)
    /// As `kubectl get -o json` lays it out.
    package static let kubectl = JSONStyle(indent: 4, escapesHTML: true)
}

extension JSONValue {
    /// The value as UTF-8 JSON text, members in their order, without a line feed at the end.
    package func serialized(_ style: JSONStyle = .compact) -> [UInt8] {
        var writer = JSONWriter(style: style)
        writer.write(self)
        return writer.bytes
    }

    package func serializedText(_ style: JSONStyle = .compact) -> String {
        String(decoding: serialized(style), as: UTF8.self)
    }
}

/// Appends JSON text to bytes.
package struct JSONWriter {
    package private(set) var bytes: [UInt8]
    let style: JSONStyle
    private var depth = 0

    package init(style: JSONStyle = .compact, appendingTo bytes: [UInt8] = []) {
        self.style = style
        self.bytes = bytes
    }

    package mutating func write(_ value: JSONValue) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): write(integer: value)
        case .number(let value): bytes.append(contentsOf: value.text.utf8)
        case .string(let value): write(string: value)
        case .array(let elements): write(array: elements)
        case .object(let object): write(object: object)
        }
    }

    private mutating func write(array elements: [JSONValue]) {
        bytes.append(UInt8(ascii: "["))
        depth += 1
        for index in elements.indices {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            breakLine()
            write(elements[index])
        }
        depth -= 1
        if !elements.isEmpty { breakLine() }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func write(object: JSONObject) {
        bytes.append(UInt8(ascii: "{"))
        depth += 1
        for index in object.members.indices {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            breakLine()
            write(string: object.members[index].key)
            bytes.append(UInt8(ascii: ":"))
            if style.indent != nil { bytes.append(UInt8(ascii: " ")) }
            write(object.members[index].value)
        }
        depth -= 1
        if !object.isEmpty { breakLine() }
        bytes.append(UInt8(ascii: "}"))
    }

    @inline(__always)
    private mutating func breakLine() {
        guard let indent = style.indent else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * depth))
    }

    private mutating func write(integer: Int64) {
        if integer >= 0, integer < 10 { return bytes.append(UInt8(0x30 + integer)) }
        bytes.append(contentsOf: String(integer).utf8)
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) { bytes.append(byte) }

    @inline(__always)
    mutating func append(contentsOf text: String) { bytes.append(contentsOf: text.utf8) }
}
