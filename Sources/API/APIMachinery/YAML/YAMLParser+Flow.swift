/// Flow style and scalars within a line: `[a, b]`, `{a: b}`, `"text"`, `text`, `*alias`.
extension YAMLParser {
    /// Reads a tag and an anchor in any order, and the blanks behind them.
    mutating func properties() throws(YAMLError) -> Properties {
        var properties = Properties()
        while true {
            if current == UInt8(ascii: "&"), properties.anchor == nil {
                position += 1
                properties.anchor = try name(of: "an anchor")
            } else if current == UInt8(ascii: "!"), properties.tag == nil {
                properties.tag = try tag()
            } else {
                return properties
            }
            guard isSpace(current) || isFlowIndicator(current) else {
                throw error("expected white space behind an anchor or a tag")
            }
            skipBlanks()
        }
    }

    private mutating func name(of what: String) throws(YAMLError) -> String {
        let start = position
        while !isSpace(current), !isFlowIndicator(current) { position += 1 }
        guard position > start else { throw error("\(what) without a name") }
        return text(start..<position)
    }

    private mutating func tag() throws(YAMLError) -> String {
        let start = position
        if peek(1) == UInt8(ascii: "<") {
            while !isSpace(current), current != UInt8(ascii: ">") { position += 1 }
            guard current == UInt8(ascii: ">") else { throw error("expected '>' at the end of a tag") }
            position += 1
            return text(start + 2..<position - 1)
        }
        while !isSpace(current), !isFlowIndicator(current) { position += 1 }
        let written = text(start..<position)
        let handleEnd = written.dropFirst().firstIndex(of: "!").map { written.index(after: $0) }
        let handle = String(written[..<(handleEnd ?? written.index(after: written.startIndex))])
        guard let prefix = tagHandles[handle] else { throw error("unknown tag handle \(handle)") }
        return prefix + written.dropFirst(handle.count)
    }

    /// Notes what an anchor stands for.
    mutating func register(_ properties: Properties, _ node: YAMLNode, since countBefore: Int) -> YAMLNode {
        var node = node
        if let tag = properties.tag { node.tag = tag }
        if let anchor = properties.anchor {
            anchors[anchor] = Anchored(node: node, nodeCount: nodeCount - countBefore)
        }
        return node
    }

    mutating func flowNodeWithProperties(parentIndent: Int, inFlow: Bool, isKey: Bool = false) throws(YAMLError) -> YAMLNode {
        let start = (line: line, column: column + 1)
        let countBefore = nodeCount
        let properties = try self.properties()
        if properties.isEmpty { return try flowNode(parentIndent: parentIndent, inFlow: inFlow, isKey: isKey) }
        if inFlow { try skipToContent(inFlow: true) }
        var node: YAMLNode
        if isSpace(current) || isAtIndicator(UInt8(ascii: ":"))
            || inFlow && (current == UInt8(ascii: ",") || current == UInt8(ascii: "]") || current == UInt8(ascii: "}"))
        {
            try count(1)
            node = .empty(line: start.line, column: start.column)
        } else {
            node = try flowNode(parentIndent: parentIndent, inFlow: inFlow, isKey: isKey)
        }
        (node.line, node.column) = start
        return register(properties, node, since: countBefore)
    }

    /// - Parameter isKey: The node has to end on the line on which it begins.
    mutating func flowNode(parentIndent: Int, inFlow: Bool, isKey: Bool = false) throws(YAMLError) -> YAMLNode {
        let start = (line: line, column: column + 1)
        let content: YAMLNode.Content
        switch current {
        case UInt8(ascii: "*"):
            var node = try alias()
            (node.line, node.column) = start
            return node
        case UInt8(ascii: "["): content = .sequence(try flowSequence(parentIndent: parentIndent))
        case UInt8(ascii: "{"): content = .mapping(try flowMapping(parentIndent: parentIndent))
        case UInt8(ascii: "\""): content = .scalar(try doubleQuoted(), .quoted)
        case UInt8(ascii: "'"): content = .scalar(try singleQuoted(), .quoted)
        default: content = .scalar(try plain(parentIndent: parentIndent, inFlow: inFlow, isKey: isKey), .plain)
        }
        try count(1)
        return YAMLNode(content: content, line: start.line, column: start.column)
    }

    private mutating func alias() throws(YAMLError) -> YAMLNode {
        position += 1
        let name = try name(of: "an alias")
        guard let anchored = anchors[name] else { throw error("no anchor \(name) stands before its alias") }
        try count(anchored.nodeCount)
        return anchored.node
    }

    private mutating func flowSequence(parentIndent: Int) throws(YAMLError) -> [YAMLNode] {
        try enter()
        defer { depth -= 1 }
        position += 1
        var elements: [YAMLNode] = []
        while true {
            try skipToContent(inFlow: true)
            if current == UInt8(ascii: "]") { break }
            elements.append(try flowElement(parentIndent: parentIndent))
            try skipToContent(inFlow: true)
            if current == UInt8(ascii: ",") {
                position += 1
            } else if current != UInt8(ascii: "]") {
                throw error("expected ',' or ']'")
            }
        }
        position += 1
        return elements
    }

    /// An element, or a lone `key: value`, which is a mapping of one pair.
    private mutating func flowElement(parentIndent: Int) throws(YAMLError) -> YAMLNode {
        let start = (line: line, column: column + 1)
        guard !isAtIndicator(UInt8(ascii: "?")), !isFlowColon(afterQuoted: false) else {
            let pair = try flowPair(parentIndent: parentIndent)
            return YAMLNode(content: .mapping([pair]), line: start.line, column: start.column)
        }
        let isQuoted = current == UInt8(ascii: "\"") || current == UInt8(ascii: "'")
        let node = try flowNodeWithProperties(parentIndent: parentIndent, inFlow: true)
        let end = (position, line, lineStart)
        try skipToContent(inFlow: true)
        guard line == start.line, isFlowColon(afterQuoted: isQuoted) else {
            (position, line, lineStart) = end
            return node
        }
        position += 1
        try count(1)
        let value = try flowValue(parentIndent: parentIndent)
        return YAMLNode(content: .mapping([.init(key: node, value: value)]), line: start.line, column: start.column)
    }

    private mutating func flowMapping(parentIndent: Int) throws(YAMLError) -> [YAMLNode.Pair] {
        try enter()
        defer { depth -= 1 }
        position += 1
        var pairs: [YAMLNode.Pair] = []
        while true {
            try skipToContent(inFlow: true)
            if current == UInt8(ascii: "}") { break }
            pairs.append(try flowPair(parentIndent: parentIndent))
            try skipToContent(inFlow: true)
            if current == UInt8(ascii: ",") {
                position += 1
            } else if current != UInt8(ascii: "}") {
                throw error("expected ',' or '}'")
            }
        }
        position += 1
        return pairs
    }

    private mutating func flowPair(parentIndent: Int) throws(YAMLError) -> YAMLNode.Pair {
        if isAtIndicator(UInt8(ascii: "?")) {
            position += 1
            try skipToContent(inFlow: true)
        }
        let keyStart = (line: line, column: column + 1)
        var key = YAMLNode.empty(line: keyStart.line, column: keyStart.column)
        let isQuoted = current == UInt8(ascii: "\"") || current == UInt8(ascii: "'")
        if isFlowColon(afterQuoted: false) || current == UInt8(ascii: ",") || current == UInt8(ascii: "}") {
            try count(1)
        } else {
            key = try flowNodeWithProperties(parentIndent: parentIndent, inFlow: true)
        }
        try skipToContent(inFlow: true)
        guard isFlowColon(afterQuoted: isQuoted) else {
            try count(1)
            return YAMLNode.Pair(key: key, value: .empty(line: key.line, column: key.column))
        }
        position += 1
        return YAMLNode.Pair(key: key, value: try flowValue(parentIndent: parentIndent))
    }

    private mutating func flowValue(parentIndent: Int) throws(YAMLError) -> YAMLNode {
        try skipToContent(inFlow: true)
        if current == UInt8(ascii: ",") || current == UInt8(ascii: "}") || current == UInt8(ascii: "]") {
            try count(1)
            return .empty(line: line, column: column + 1)
        }
        return try flowNodeWithProperties(parentIndent: parentIndent, inFlow: true)
    }

    /// A colon that ends a key: behind a quoted one it needs no space.
    private func isFlowColon(afterQuoted: Bool) -> Bool {
        current == UInt8(ascii: ":") && (afterQuoted || isSpace(peek(1)) || isFlowIndicator(peek(1)))
    }
}
