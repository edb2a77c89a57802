/// Plain, quoted and block scalars.
extension YAMLParser {
    // MARK: Plain

    mutating func plain(parentIndent: Int, inFlow: Bool, isKey: Bool) throws(YAMLError) -> String {
        guard canBeginPlain(inFlow: inFlow) else {
            throw error(isAtEnd ? "the text ends in the middle of a value" : "found a character that cannot begin a value")
        }
        var content = plainLine(inFlow: inFlow)
        while !isKey, let breaks = try nextPlainLine(parentIndent: parentIndent, inFlow: inFlow) {
            content += breaks == 1 ? " " : String(repeating: "\n", count: breaks - 1)
            content += plainLine(inFlow: inFlow)
        }
        return content
    }

    private func canBeginPlain(inFlow: Bool) -> Bool {
        if isSpace(current) || "#,[]{}&*!|>'\"%@`".utf8.contains(current) { return false }
        guard current == UInt8(ascii: "-") || current == UInt8(ascii: "?") || current == UInt8(ascii: ":") else {
            return true
        }
        return !isSpace(peek(1)) && !(inFlow && isFlowIndicator(peek(1)))
    }

    /// Reads what belongs to a plain scalar on this line, without the blanks at its end.
    private mutating func plainLine(inFlow: Bool) -> String {
        let start = position
        var end = position
        while !isAtEnd, !isBreak(current) {
            if current == UInt8(ascii: ":"), isSpace(peek(1)) || inFlow && isFlowIndicator(peek(1)) { break }
            if inFlow, isFlowIndicator(current) { break }
            if current == UInt8(ascii: "#"), position > start, isBlank(bytes[position - 1]) { break }
            position += 1
            if !isBlank(bytes[position - 1]) { end = position }
        }
        position = end
        return text(start..<end)
    }

    /// Moves to the line on which the scalar goes on.
    ///
    /// - Returns: How many line breaks lie between; nil, at the old position, when it does not go on.
    private mutating func nextPlainLine(parentIndent: Int, inFlow: Bool) throws(YAMLError) -> Int? {
        let end = (position, line, lineStart)
        skipBlanks()
        guard !isAtEnd, isBreak(current) else {
            (position, line, lineStart) = end
            return nil
        }
        while !isAtEnd, isBreak(current) {
            skipBreak()
            skipBlanks()
        }
        let isContent = !isAtEnd && current != UInt8(ascii: "#") && (inFlow || column > parentIndent)
        let isMarker = isAtMarker("---") || isAtMarker("...")
        let isEnd = inFlow && (isFlowIndicator(current) || current == UInt8(ascii: ":") && isSpace(peek(1)))
        guard isContent, !isMarker, !isEnd else {
            (position, line, lineStart) = end
            return nil
        }
        if !inFlow, bytes[lineStart..<position].contains(0x09) {
            throw error("found a tab character where indentation by spaces is expected")
        }
        return line - end.1
    }

    // MARK: Quoted

    mutating func singleQuoted() throws(YAMLError) -> String {
        let start = (line: line, column: column + 1)
        position += 1
        var content: [UInt8] = []
        while true {
            if isAtEnd { throw YAMLError("a quoted string without an end", line: start.line, column: start.column) }
            if current == UInt8(ascii: "'") {
                position += 1
                if current != UInt8(ascii: "'") { return String(decoding: content, as: UTF8.self) }
                content.append(current)
                position += 1
            } else if isBreak(current) {
                try foldLines(into: &content)
            } else {
                content.append(current)
                position += 1
            }
        }
    }

    mutating func doubleQuoted() throws(YAMLError) -> String {
        let start = (line: line, column: column + 1)
        position += 1
        var content: [UInt8] = []
        // Blanks before it are escaped ones, which stay when the line is folded.
        var escapedEnd = 0
        while true {
            if isAtEnd { throw YAMLError("a quoted string without an end", line: start.line, column: start.column) }
            switch current {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                try escape(into: &content)
                escapedEnd = content.count
            case 0x0a, 0x0d: try foldLines(into: &content, keeping: escapedEnd)
            default:
                content.append(current)
                position += 1
            }
        }
    }

    /// A line break in a quoted scalar is a space, further ones are line feeds; blanks around them are dropped.
    private mutating func foldLines(into content: inout [UInt8], keeping kept: Int = 0) throws(YAMLError) {
        while content.count > kept, let last = content.last, isBlank(last) { content.removeLast() }
        let firstLine = line
        while !isAtEnd, isBreak(current) {
            skipBreak()
            if isAtMarker("---") || isAtMarker("...") { throw error("a document ends within a quoted string") }
            skipBlanks()
        }
        let breaks = line - firstLine
        if breaks == 1 {
            content.append(0x20)
        } else {
            content.append(contentsOf: repeatElement(0x0a, count: breaks - 1))
        }
    }

    private mutating func escape(into content: inout [UInt8]) throws(YAMLError) {
        let letter = peek(1)
        if isBreak(letter) {
            position += 1
            skipBreak()
            return skipBlanks()
        }
        let digits: [UInt8: Int] = [UInt8(ascii: "x"): 2, UInt8(ascii: "u"): 4, UInt8(ascii: "U"): 8]
        if let count = digits[letter] {
            return content.append(contentsOf: Character(try codePoint(digits: count)).utf8)
        }
        guard let scalar = Self.escapes[letter] else { throw error("unknown escape sequence") }
        position += 2
        content.append(contentsOf: Character(scalar).utf8)
    }

    private static let escapes: [UInt8: Unicode.Scalar] = [
        UInt8(ascii: "0"): "\0", UInt8(ascii: "a"): "\u{7}", UInt8(ascii: "b"): "\u{8}", UInt8(ascii: "t"): "\t",
        0x09: "\t", UInt8(ascii: "n"): "\n", UInt8(ascii: "v"): "\u{b}", UInt8(ascii: "f"): "\u{c}",
        UInt8(ascii: "r"): "\r", UInt8(ascii: "e"): "\u{1b}", 0x20: " ", UInt8(ascii: "\""): "\"",
        UInt8(ascii: "/"): "/", UInt8(ascii: "\\"): "\\", UInt8(ascii: "N"): "\u{85}", UInt8(ascii: "_"): "\u{a0}",
        UInt8(ascii: "L"): "\u{2028}", UInt8(ascii: "P"): "\u{2029}",
    ]

    /// Reads `\xXX`, `\uXXXX` or `\UXXXXXXXX`; two halves of a surrogate pair, as JSON writes them, are one character.
    private mutating func codePoint(digits: Int) throws(YAMLError) -> Unicode.Scalar {
        let first = try hexDigits(digits)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard digits == 4, first < 0xdc00, current == UInt8(ascii: "\\"), peek(1) == UInt8(ascii: "u") else {
            throw error("an escape sequence that is no character")
        }
        let second = try hexDigits(4)
        guard (0xdc00...0xdfff).contains(second),
            let scalar = Unicode.Scalar(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
        else { throw error("an escape sequence that is no character") }
        return scalar
    }

    private mutating func hexDigits(_ count: Int) throws(YAMLError) -> UInt32 {
        position += 2
        guard position + count <= bytes.count, let value = UInt32(text(position..<position + count), radix: 16),
            bytes[position] != UInt8(ascii: "+")
        else { throw error("expected \(count) hexadecimal digits") }
        position += count
        return value
    }

    // MARK: Block

    private enum Chomping { case strip, clip, keep }

    /// Reads a literal (`|`) or folded (`>`) scalar from its indicator on.
    mutating func blockScalar(parentIndent: Int) throws(YAMLError) -> YAMLNode {
        let start = (line: line, column: column + 1)
        let isLiteral = current == UInt8(ascii: "|")
        let (chomping, increment) = try blockHeader()
        var indent = increment.map { max(parentIndent, 0) + $0 } ?? 0
        var content: [UInt8] = []
        var lineBreak: [UInt8] = []
        var emptyLines = try blockBreaks(&indent, parentIndent: parentIndent, isKnown: increment != nil)
        var followsBlank = false
        while !isAtEnd, column == indent, !(indent == 0 && (isAtMarker("---") || isAtMarker("..."))) {
            let beginsBlank = isBlank(current)
            if !isLiteral, !lineBreak.isEmpty, !followsBlank, !beginsBlank {
                if emptyLines == 0 { content.append(0x20) }
            } else {
                content += lineBreak
            }
            content.append(contentsOf: repeatElement(0x0a, count: emptyLines))
            followsBlank = beginsBlank
            while !isAtEnd, !isBreak(current) {
                content.append(current)
                position += 1
            }
            lineBreak = isAtEnd ? [] : [0x0a]
            if !isAtEnd { skipBreak() }
            emptyLines = try blockBreaks(&indent, parentIndent: parentIndent, isKnown: true)
        }
        if chomping != .strip { content += lineBreak }
        if chomping == .keep { content.append(contentsOf: repeatElement(0x0a, count: emptyLines)) }
        try count(1)
        return YAMLNode(
            content: .scalar(String(decoding: content, as: UTF8.self), .block), line: start.line, column: start.column)
    }

    private mutating func blockHeader() throws(YAMLError) -> (Chomping, increment: Int?) {
        position += 1
        var chomping = Chomping.clip
        var increment: Int?
        for _ in 0..<2 {
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-"), chomping == .clip {
                chomping = current == UInt8(ascii: "+") ? .keep : .strip
                position += 1
            } else if (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(current), increment == nil {
                increment = Int(current) - 0x30
                position += 1
            }
        }
        let headerEnd = position
        skipBlanks()
        if position > headerEnd { skipComment() }
        guard isAtEnd || isBreak(current) else { throw error("expected the end of the line after a block scalar's header") }
        if !isAtEnd { skipBreak() }
        return (chomping, increment)
    }

    /// Skips indentation and empty lines, and finds the indentation out from the first line that has content.
    ///
    /// - Returns: The number of empty lines.
    private mutating func blockBreaks(_ indent: inout Int, parentIndent: Int, isKnown: Bool) throws(YAMLError) -> Int {
        var emptyLines = 0
        var deepest = 0
        while true {
            while !isKnown || column < indent, current == 0x20 { position += 1 }
            deepest = max(deepest, column)
            if (!isKnown || column < indent) && current == 0x09 {
                throw error("found a tab character where indentation by spaces is expected")
            }
            guard !isAtEnd, isBreak(current) else { break }
            skipBreak()
            emptyLines += 1
        }
        if !isKnown { indent = max(deepest, parentIndent + 1, 1) }  // a document's is 1 too, as in libyaml
        return emptyLines
    }
}
