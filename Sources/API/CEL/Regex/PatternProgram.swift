import Synchronization

/// A pattern that can be looked for. Takes time in proportion to the text, whatever the pattern: it follows all
/// possibilities at once (R. Cox, "Regular Expression Matching: the Virtual Machine Approach").
struct PatternProgram: Sendable {
    enum Instruction: Sendable {
        case take(ScalarClass)
        case assert(RegexNode.Assertion)
        case jump(Int)
        /// The first is preferred.
        case split(Int, Int)
        case match
    }

    private(set) var instructions: [Instruction] = []

    private static let maxInstructions = 20_000

    init(_ pattern: String) throws(RegexError) {
        let node = try RegexParser.parse(pattern)
        try append(node)
        instructions.append(.match)
    }

    /// Patterns are the same again and again: those of rules that stand in the store.
    private static let cache = Mutex<[String: PatternProgram]>([:])

    static func cached(_ pattern: String) throws(RegexError) -> PatternProgram {
        if let known = cache.withLock({ $0[pattern] }) { return known }
        let program = try PatternProgram(pattern)
        cache.withLock { cache in
            if cache.count >= 256 { cache.removeAll() }
            cache[pattern] = program
        }
        return program
    }

    // MARK: Making

    private mutating func emit(_ instruction: Instruction) throws(RegexError) {
        guard instructions.count < Self.maxInstructions else { throw RegexError("expression too large") }
        instructions.append(instruction)
    }

    private mutating func append(_ node: RegexNode) throws(RegexError) {
        switch node {
        case .empty: break
        case .scalar(let scalars): try emit(.take(scalars))
        case .assertion(let assertion): try emit(.assert(assertion))
        case .sequence(let nodes): for node in nodes { try append(node) }
        case .choice(let nodes): try append(choice: nodes[...])
        case .repetition(let node, let min, let max, let isGreedy):
            for _ in 0..<min { try append(node) }
            if let max {
                try append(optional: node, count: max - min, isGreedy: isGreedy)
            } else {
                try append(loop: node, isGreedy: isGreedy)
            }
        }
    }

    private mutating func append(choice nodes: ArraySlice<RegexNode>) throws(RegexError) {
        var ends: [Int] = []
        for (index, node) in zip(nodes.indices, nodes) {
            guard index < nodes.endIndex - 1 else {
                try append(node)
                break
            }
            let split = instructions.count
            try emit(.match)
            try append(node)
            ends.append(instructions.count)
            try emit(.match)
            instructions[split] = .split(split + 1, instructions.count)
        }
        for end in ends { instructions[end] = .jump(instructions.count) }
    }

    private mutating func append(optional node: RegexNode, count: Int, isGreedy: Bool) throws(RegexError) {
        var splits: [Int] = []
        for _ in 0..<max(count, 0) {
            splits.append(instructions.count)
            try emit(.match)
            try append(node)
        }
        for split in splits { instructions[split] = Self.split(split + 1, instructions.count, isGreedy) }
    }

    private mutating func append(loop node: RegexNode, isGreedy: Bool) throws(RegexError) {
        let split = instructions.count
        try emit(.match)
        try append(node)
        try emit(.jump(split))
        instructions[split] = Self.split(split + 1, instructions.count, isGreedy)
    }

    private static func split(_ into: Int, _ past: Int, _ isGreedy: Bool) -> Instruction {
        isGreedy ? .split(into, past) : .split(past, into)
    }
}
