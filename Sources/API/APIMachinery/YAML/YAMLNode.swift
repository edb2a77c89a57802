/// A node of a YAML document as it was written, before tags are resolved to values.
package struct YAMLNode: Sendable {
    package enum ScalarStyle: Hashable, Sendable { case plain, quoted, block }

    package indirect enum Content: Sendable {
        case scalar(String, ScalarStyle)
        case sequence([YAMLNode])
        case mapping([Pair])
    }

    package struct Pair: Sendable {
        package var key: YAMLNode
        package var value: YAMLNode
    }

    package var content: Content
    /// In full, for example `tag:yaml.org,2002:str`; nil when none was written.
    package var tag: String?
    /// Where the node begins; from 1.
    package var line: Int
    /// In bytes, from 1.
    package var column: Int

    static func empty(line: Int, column: Int) -> YAMLNode {
        YAMLNode(content: .scalar("", .plain), line: line, column: column)
    }
}

/// Why a text is no YAML, and where: `3:5: mapping values are not allowed here`.
package struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    /// From 1.
    package let line: Int
    /// In bytes, from 1.
    package let column: Int

    package init(_ message: String, line: Int, column: Int) {
        self.message = message
        self.line = line
        self.column = column
    }

    package var description: String { "\(line):\(column): \(message)" }
}

package struct YAMLReadingOptions: Hashable, Sendable {
    package var maxBytes = 8 << 20
    /// Collections within each other.
    package var maxDepth = 256
    /// Nodes of all documents, with those that an alias repeats counted each time.
    package var maxNodes = 1_000_000

    package init() {}
}

extension YAMLNode {
    /// Reads a stream of documents. An empty document is an empty plain scalar.
    ///
    /// The grammar is YAML 1.1 as libyaml takes it, which is what Kubernetes's clients write.
    package static func documents(
        parsing bytes: [UInt8], options: YAMLReadingOptions = .init()
    ) throws(YAMLError) -> [YAMLNode] {
        guard bytes.count <= options.maxBytes else {
            throw YAMLError("larger than \(options.maxBytes) bytes", line: 1, column: 1)
        }
        var parser = try YAMLParser(bytes: bytes, options: options)
        return try parser.stream()
    }
}
