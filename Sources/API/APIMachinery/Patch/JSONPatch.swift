/// A JSON patch, RFC 6902: operations that are done in their order, all or none.
///
/// Where kube-apiserver's library is laxer than the RFC, so is this: a missing value stands for null, `replace` sets a member that is not
/// there, `copy` of one makes a null, and a negative index counts from the end.
package struct JSONPatch: Hashable, Sendable {
    package enum Operation: Hashable, Sendable {
        case add(JSONPointer, JSONValue)
        case remove(JSONPointer)
        case replace(JSONPointer, JSONValue)
        case move(from: JSONPointer, JSONPointer)
        case copy(from: JSONPointer, JSONPointer)
        case test(JSONPointer, JSONValue)
    }

    /// As many as kube-apiserver takes.
    package static let maxOperations = 10_000

    /// Arrays and objects within each other that a patch may make: as many as a text may have. Copies of a part into itself double its depth,
    /// and everything behind a patch walks its result by recursion.
    package static let maxDepth = JSONReadingOptions().maxDepth

    package let operations: [Operation]

    package init(_ json: JSONValue) throws(PatchError) {
        guard case .array(let elements) = json else { throw PatchError(.malformed, "a JSON patch is an array") }
        guard elements.count <= Self.maxOperations else {
            throw PatchError(.malformed, "the allowed maximum operations in a JSON patch is \(Self.maxOperations), got \(elements.count)")
        }
        operations = try elements.map { element throws(PatchError) in try Self.operation(element) }
    }

    private static func operation(_ json: JSONValue) throws(PatchError) -> Operation {
        guard let name = json["op"]?.stringValue else { throw PatchError(.malformed, "an operation without op: \(json)") }
        let path = try pointer("path", json)
        switch name {
        case "add": return .add(path, json["value"] ?? .null)
        case "remove": return .remove(path)
        case "replace": return .replace(path, json["value"] ?? .null)
        case "move": return .move(from: try pointer("from", json), path)
        case "copy": return .copy(from: try pointer("from", json), path)
        case "test": return .test(path, json["value"] ?? .null)
        default: throw PatchError(.malformed, "unknown op \(name.quoted)")
        }
    }

    private static func pointer(_ member: String, _ json: JSONValue) throws(PatchError) -> JSONPointer {
        guard let text = json[member]?.stringValue else {
            throw PatchError(.malformed, "an operation without \(member): \(json)")
        }
        return try JSONPointer(parsing: text)
    }

    /// - Parameter maxBytes: The most that copies may add up to, as written in JSON.
    package func applied(to value: JSONValue, maxCopiedBytes: Int = 64 << 20) throws(PatchError) -> JSONValue {
        var result = value
        var copiedBytes = 0
        for operation in operations {
            switch operation {
            case .add(let path, let value):
                try Self.checkDepth(of: value, at: path)
                try result.add(value, at: path, "add")
            case .remove(let path): _ = try result.remove(at: path, "remove")
            case .replace(let path, let value):
                try Self.checkDepth(of: value, at: path)
                try result.replace(value, at: path)
            case .move(let from, let path):
                if path.tokens.starts(with: from.tokens), path != from {
                    throw PatchError(.doesNotApply, "move operation does not apply: \(path): inside of what is moved")
                }
                let moved = try result.remove(at: from, "move")
                try Self.checkDepth(of: moved, at: path)
                try result.add(moved, at: path, "move")
            case .copy(let from, let path):
                let copied = try result.member(at: from, "copy")
                try Self.checkDepth(of: copied, at: path)
                copiedBytes += copied.serialized().count
                guard copiedBytes <= maxCopiedBytes else {
                    throw PatchError(.doesNotApply, "copies of more than \(maxCopiedBytes) bytes")
                }
                try result.add(copied, at: path, "copy")
            case .test(let path, let expected):
                // A missing value passes for null, as in the library that kube-apiserver takes.
                guard (result[path] ?? .null) == expected else {
                    throw PatchError(.doesNotApply, "testing value \(path) failed")
                }
            }
        }
        return result
    }

    private static func checkDepth(of value: JSONValue, at path: JSONPointer) throws(PatchError) {
        guard path.tokens.count + value.depth <= maxDepth else {
            throw PatchError(.doesNotApply, "the result is nested deeper than \(maxDepth) levels")
        }
    }
}

extension JSONValue {
    /// Arrays and objects within each other; 0 for anything else.
    fileprivate var depth: Int {
        switch self {
        case .array(let elements): 1 + (elements.lazy.map(\.depth).max() ?? 0)
        case .object(let object): 1 + (object.members.lazy.map(\.value.depth).max() ?? 0)
        default: 0
        }
    }

    fileprivate static func missing(_ operation: String, _ path: JSONPointer) -> PatchError {
        PatchError(.doesNotApply, "\(operation) operation does not apply: doc is missing path: \(path)")
    }

    /// Runs a change on the container of a place. The way there is taken apart and put together again, so nothing is copied.
    private mutating func change<Result>(
        containerOf path: ArraySlice<String>, _ missing: PatchError,
        _ body: (inout JSONValue, String) throws(PatchError) -> Result
    ) throws(PatchError) -> Result {
        guard let token = path.first else { throw missing }
        if path.count == 1 { return try body(&self, token) }
        switch self {
        case .object(var object):
            guard var member = object[token] else { throw missing }
            self = .null
            object[token] = .null
            defer {
                object[token] = member
                self = .object(object)
            }
            return try member.change(containerOf: path.dropFirst(), missing, body)
        case .array(var elements):
            guard let index = JSONPointer.index(token, count: elements.count) else { throw missing }
            self = .null
            defer { self = .array(elements) }
            return try elements[index].change(containerOf: path.dropFirst(), missing, body)
        default: throw missing
        }
    }

    /// What stands at a place; null for a member that an object does not have.
    fileprivate func member(at path: JSONPointer, _ operation: String) throws(PatchError) -> JSONValue {
        if let value = self[path] { return value }
        let container = JSONPointer(tokens: path.tokens.dropLast())
        guard !path.tokens.isEmpty, case .object? = self[container] else { throw Self.missing(operation, path) }
        return .null
    }

    fileprivate mutating func add(_ value: JSONValue, at path: JSONPointer, _ operation: String) throws(PatchError) {
        if path.tokens.isEmpty { return self = value }
        let missing = Self.missing(operation, path)
        try change(containerOf: path.tokens[...], missing) { container, token throws(PatchError) in
            switch container {
            case .object: container[token] = value
            case .array(var elements):
                let end = token == "-" ? elements.count : nil
                guard let index = end ?? JSONPointer.index(token, count: elements.count + 1) else { throw missing }
                container = .null
                elements.insert(value, at: index)
                container = .array(elements)
            default: throw missing
            }
        }
    }

    fileprivate mutating func remove(at path: JSONPointer, _ operation: String) throws(PatchError) -> JSONValue {
        let missing = Self.missing(operation, path)
        return try change(containerOf: path.tokens[...], missing) { container, token throws(PatchError) in
            switch container {
            case .object:
                guard let removed = container[token] else { throw missing }
                container[token] = nil
                return removed
            case .array(var elements):
                guard let index = JSONPointer.index(token, count: elements.count) else { throw missing }
                container = .null
                defer { container = .array(elements) }
                return elements.remove(at: index)
            default: throw missing
            }
        }
    }

    fileprivate mutating func replace(_ value: JSONValue, at path: JSONPointer) throws(PatchError) {
        if path.tokens.isEmpty { return self = value }
        let missing = Self.missing("replace", path)
        try change(containerOf: path.tokens[...], missing) { container, token throws(PatchError) in
            switch container {
            case .object: container[token] = value
            case .array(var elements):
                guard let index = JSONPointer.index(token, count: elements.count) else { throw missing }
                container = .null
                elements[index] = value
                container = .array(elements)
            default: throw missing
            }
        }
    }
}
