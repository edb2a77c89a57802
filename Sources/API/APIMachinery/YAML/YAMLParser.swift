/// A recursive-descent parser of YAML over bytes: here the stream, its documents, white space and characters.
struct YAMLParser {
    let bytes: [UInt8]
    let options: YAMLReadingOptions
    var position = 0
    /// From 1.
    var line = 1
    /// Where the current line begins.
    var lineStart = 0
    var depth = 0
    var nodeCount = 0
    var anchors: [String: Anchored] = [:]
    var tagHandles: [String: String] = [:]

    /// A node that aliases may stand for, and how many nodes it is.
    struct Anchored {
        var node: YAMLNode
        var nodeCount: Int
    }

    init(bytes: [UInt8], options: YAMLReadingOptions) throws(YAMLError) {
        self.bytes = bytes
        self.options = options
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
        lineStart = position
        try checkCharacters()
    }

    /// YAML text is UTF-8 without control characters.
    private func checkCharacters() throws(YAMLError) {
        var line = 1
        var start = 0
        for (index, byte) in bytes.enumerated() {
            if byte == 0x0a {
                line += 1
                start = index + 1
            } else if byte < 0x20 && byte != 0x09 && byte != 0x0d || byte == 0x7f {
                throw YAMLError("control characters are not allowed", line: line, column: index - start + 1)
            }
        }
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            let offset = error.byteOffsets.lowerBound
            let before = bytes[..<offset]
            let start = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
            let line = before.count { $0 == 0x0a } + 1
            throw YAMLError("the text is not UTF-8", line: line, column: offset - start + 1)
        }
    }

    // MARK: Stream

    mutating func stream() throws(YAMLError) -> [YAMLNode] {
        var documents: [YAMLNode] = []
        while true {
            let hasDirectives = try directives()
            try skipToContent()
            if isAtMarker("...") {
                try endOfDocument()
                continue
            }
            if isAtEnd {
                if hasDirectives { throw error("expected '---' after directives") }
                return documents
            }
            let isExplicit = isAtMarker("---")
            if isExplicit {
                position += 3
            } else if hasDirectives {
                throw error("expected '---' after directives")
            }
            anchors = [:]
            documents.append(
                try blockNode(parentIndent: -1, allowsCompact: !isExplicit, allowsDashAtParent: false))
            try skipToContent()
            guard isAtEnd || isAtMarker("---") || isAtMarker("...") else {
                throw error("expected the end of the document")
            }
        }
    }

    /// Reads `%YAML` and `%TAG` lines.
    private mutating func directives() throws(YAMLError) -> Bool {
        tagHandles = ["!": "!", "!!": "tag:yaml.org,2002:"]
        var found = false
        while true {
            try skipToContent()
            guard column == 0, current == UInt8(ascii: "%") else { return found }
            found = true
            let words = restOfLine().split(separator: " ").map(String.init)
            switch words.first {
            case "%YAML" where words.count >= 2 && words[1].hasPrefix("1."): break
            case "%TAG" where words.count >= 3: tagHandles[words[1]] = words[2]
            default: throw error("unknown directive")
            }
        }
    }

    private mutating func endOfDocument() throws(YAMLError) {
        position += 3
        skipBlanks()
        skipComment()
        guard isAtEnd || isBreak(current) else { throw error("expected nothing more after '...'") }
    }

    private mutating func restOfLine() -> String {
        let start = position
        while position < bytes.count, !isBreak(bytes[position]) { position += 1 }
        return text(start..<position)
    }

    // MARK: Characters

    /// The byte at the position, 0 at the end.
    var current: UInt8 { position < bytes.count ? bytes[position] : 0 }
    func peek(_ offset: Int) -> UInt8 { position + offset < bytes.count ? bytes[position + offset] : 0 }
    var isAtEnd: Bool { position >= bytes.count }
    /// Bytes from the line's beginning, from 0.
    var column: Int { position - lineStart }

    func isBreak(_ byte: UInt8) -> Bool { byte == 0x0a || byte == 0x0d }
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    /// A blank, a line break, or the end of the text.
    func isSpace(_ byte: UInt8) -> Bool { isBlank(byte) || isBreak(byte) || byte == 0 }
    func isFlowIndicator(_ byte: UInt8) -> Bool { ",[]{}".utf8.contains(byte) }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    func error(_ message: String) -> YAMLError { YAMLError(message, line: line, column: column + 1) }

    func isAtMarker(_ marker: StaticString) -> Bool {
        guard column == 0, position + 3 <= bytes.count else { return false }
        return bytes[position..<position + 3].elementsEqual(marker.description.utf8) && isSpace(peek(3))
    }

    /// Whether an indicator (`-`, `?` or `:`) stands here with white space behind it.
    func isAtIndicator(_ indicator: UInt8) -> Bool { current == indicator && isSpace(peek(1)) }

    // MARK: White space

    mutating func skipBlanks() { while isBlank(current) { position += 1 } }

    /// Skips a comment, which has to have white space or the line's beginning before it.
    mutating func skipComment() {
        guard current == UInt8(ascii: "#"), position == lineStart || isSpace(bytes[position - 1]) else { return }
        while position < bytes.count, !isBreak(bytes[position]) { position += 1 }
    }

    /// Skips one line break: LF, CR LF or CR.
    mutating func skipBreak() {
        if current == 0x0d, peek(1) == 0x0a { position += 1 }
        position += 1
        line += 1
        lineStart = position
    }

    /// Skips blanks, comments and line breaks.
    ///
    /// - Returns: Whether a line ended on the way.
    @discardableResult
    mutating func skipToContent(inFlow: Bool = false) throws(YAMLError) -> Bool {
        var crossedLine = false
        while true {
            let indentStart = position
            skipBlanks()
            let isIndentation = crossedLine || indentStart == lineStart
            skipComment()
            if position < bytes.count, isBreak(bytes[position]) {
                skipBreak()
                crossedLine = true
                continue
            }
            if isIndentation, !inFlow, !isAtEnd, bytes[lineStart..<position].contains(0x09) {
                throw error("found a tab character where indentation by spaces is expected")
            }
            return crossedLine
        }
    }

    // MARK: Limits

    mutating func enter() throws(YAMLError) {
        depth += 1
        if depth > options.maxDepth { throw error("nested deeper than \(options.maxDepth) levels") }
    }

    mutating func count(_ nodes: Int) throws(YAMLError) {
        nodeCount += nodes
        if nodeCount > options.maxNodes { throw error("more than \(options.maxNodes) nodes, counting those behind aliases") }
    }
}
