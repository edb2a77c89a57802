/// Block collections: what indentation forms.
extension YAMLParser {
    /// Tag and anchor in front of a node.
    struct Properties {
        var tag: String?
        var anchor: String?
        var isEmpty: Bool { tag == nil && anchor == nil }
    }

    /// Reads the node that follows an indicator or begins a document.
    ///
    /// - Parameter parentIndent: The column of the collection it belongs to, -1 for a document.
    /// - Parameter allowsCompact: Whether a block collection may begin on the current line, as after `- `.
    /// - Parameter allowsDashAtParent: Whether a sequence may stand in the parent's column, as after `key:`.
    mutating func blockNode(
        parentIndent: Int, allowsCompact: Bool, allowsDashAtParent: Bool
    ) throws(YAMLError) -> YAMLNode {
        try enter()
        defer { depth -= 1 }
        var allowsCollection = allowsCompact
        let emptyLine = line
        let emptyColumn = column + 1
        if try skipToContent() { allowsCollection = true }
        let start = (line: line, column: column + 1)
        let countBefore = nodeCount
        if isOutside(parentIndent, allowsDashAtParent) { return try empty(emptyLine, emptyColumn) }
        var properties = Properties()
        if current == UInt8(ascii: "&") || current == UInt8(ascii: "!") {
            // On a key's own line they belong to the key: the mapping reads them again.
            if allowsCollection, try isImplicitKeyAhead() {
                return try blockMapping(at: column)
            }
            properties = try self.properties()
            if try skipToContent() { allowsCollection = true }
            if isOutside(parentIndent, allowsDashAtParent) {
                return register(properties, try empty(start.line, start.column), since: countBefore)
            }
        }
        var node = try blockContent(
            parentIndent: parentIndent, allowsCollection: allowsCollection, hasProperties: !properties.isEmpty)
        if !properties.isEmpty { (node.line, node.column) = start }
        return register(properties, node, since: countBefore)
    }

    private mutating func empty(_ line: Int, _ column: Int) throws(YAMLError) -> YAMLNode {
        try count(1)
        return .empty(line: line, column: column)
    }

    /// Whether what comes next does not belong to a node below `parentIndent`.
    private func isOutside(_ parentIndent: Int, _ allowsDashAtParent: Bool) -> Bool {
        if isAtEnd || isAtMarker("---") || isAtMarker("...") { return true }
        guard isAtLineIndentation else { return false }
        if column > parentIndent { return false }
        return !(allowsDashAtParent && column == parentIndent && isAtIndicator(UInt8(ascii: "-")))
    }

    /// Whether only indentation stands before the position on its line.
    private var isAtLineIndentation: Bool { bytes[lineStart..<position].allSatisfy { $0 == 0x20 } }

    private mutating func blockContent(
        parentIndent: Int, allowsCollection: Bool, hasProperties: Bool
    ) throws(YAMLError) -> YAMLNode {
        if isAtIndicator(UInt8(ascii: "-")) {
            guard allowsCollection else { throw error("block sequence entries are not allowed here") }
            return try blockSequence(at: column)
        }
        if isAtIndicator(UInt8(ascii: "?")) || isAtIndicator(UInt8(ascii: ":")) {
            guard allowsCollection else { throw error("mapping values are not allowed here") }
            return try blockMapping(at: column)
        }
        if current == UInt8(ascii: "|") || current == UInt8(ascii: ">") {
            return try blockScalar(parentIndent: parentIndent)
        }
        if try isImplicitKeyAhead() {
            guard allowsCollection else { throw error("mapping values are not allowed here") }
            return try blockMapping(at: column)
        }
        let node = try flowNode(parentIndent: parentIndent, inFlow: false)
        try expectEndOfLine()
        return node
    }

    /// After a node that ends within a line nothing but a comment may follow on it.
    private mutating func expectEndOfLine() throws(YAMLError) {
        let before = position
        skipBlanks()
        if position > before { skipComment() }
        guard isAtEnd || isBreak(current) else {
            throw error(
                isAtIndicator(UInt8(ascii: ":"))
                    ? "mapping values are not allowed here" : "expected the end of the line after a value")
        }
    }

    private mutating func blockSequence(at indent: Int) throws(YAMLError) -> YAMLNode {
        let start = (line: line, column: column + 1)
        try count(1)
        var elements: [YAMLNode] = []
        repeat {
            position += 1
            elements.append(try blockNode(parentIndent: indent, allowsCompact: true, allowsDashAtParent: false))
            try skipToContent()
        } while try continuesCollection(at: indent) && isAtIndicator(UInt8(ascii: "-"))
        return YAMLNode(content: .sequence(elements), line: start.line, column: start.column)
    }

    private mutating func blockMapping(at indent: Int) throws(YAMLError) -> YAMLNode {
        let start = (line: line, column: column + 1)
        try count(1)
        var pairs: [YAMLNode.Pair] = []
        repeat {
            pairs.append(try blockPair(at: indent))
            try skipToContent()
        } while try continuesCollection(at: indent)
        return YAMLNode(content: .mapping(pairs), line: start.line, column: start.column)
    }

    /// Whether the next line stands in the collection's column. Deeper is an error, shallower its end.
    private func continuesCollection(at indent: Int) throws(YAMLError) -> Bool {
        if isAtEnd || isAtMarker("---") || isAtMarker("...") || column < indent { return false }
        guard column == indent else { throw error("indented deeper than what it belongs to") }
        return true
    }

    private mutating func blockPair(at indent: Int) throws(YAMLError) -> YAMLNode.Pair {
        let start = (line: line, column: column + 1)
        if isAtIndicator(UInt8(ascii: "?")) {
            position += 1
            let key = try blockNode(parentIndent: indent, allowsCompact: true, allowsDashAtParent: true)
            try skipToContent()
            guard column == indent, isAtIndicator(UInt8(ascii: ":")) else {
                return YAMLNode.Pair(key: key, value: try empty(start.line, start.column))
            }
            position += 1
            let value = try blockNode(parentIndent: indent, allowsCompact: true, allowsDashAtParent: true)
            return YAMLNode.Pair(key: key, value: value)
        }
        let key: YAMLNode
        if isAtIndicator(UInt8(ascii: ":")) {
            key = try empty(start.line, start.column)
        } else {
            guard try isImplicitKeyAhead() else { throw error("expected a key with ':' behind it") }
            key = try flowNodeWithProperties(parentIndent: indent, inFlow: false, isKey: true)
            skipBlanks()
        }
        position += 1  // the colon
        let value = try blockNode(parentIndent: indent, allowsCompact: false, allowsDashAtParent: true)
        return YAMLNode.Pair(key: key, value: value)
    }

    /// Tries whether a node on this line is followed by a colon; the position does not change.
    private func isImplicitKeyAhead() throws(YAMLError) -> Bool {
        if current == UInt8(ascii: "|") || current == UInt8(ascii: ">") { return false }
        var ahead = self
        ahead.anchors = [:]
        return ahead.skipKey(anchors: anchors)
    }

    /// Skips one node without leaving the line. False when there is none or no colon follows it.
    private mutating func skipKey(anchors: [String: Anchored]) -> Bool {
        self.anchors = anchors
        let startLine = line
        guard (try? flowNodeWithProperties(parentIndent: -1, inFlow: false, isKey: true)) != nil, line == startLine
        else { return false }
        skipBlanks()
        return isAtIndicator(UInt8(ascii: ":"))
    }
}
