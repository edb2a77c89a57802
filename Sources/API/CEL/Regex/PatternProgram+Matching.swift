extension PatternProgram {
    func isFound(in text: String) -> Bool {
        var search = Search(self, text)
        return search.first(from: 0, wantsEnd: false) != nil
    }

    /// The leftmost part that matches; of those that begin there, the one that the pattern prefers.
    func first(in text: String) -> String? {
        var search = Search(self, text)
        return search.first(from: 0, wantsEnd: true).map { search.text($0) }
    }

    /// All parts that match and do not overlap.
    ///
    /// - Parameter limit: Of their number; nil for all.
    func all(in text: String, limit: Int? = nil) -> [String] {
        var search = Search(self, text)
        var found: [String] = []
        var (position, lastEnd) = (0, -1)
        while position <= search.scalars.count, limit.map({ found.count < $0 }) ?? true,
            let range = search.first(from: position, wantsEnd: true)
        {
            // Nothing directly behind a match is no match of its own.
            if !range.isEmpty || range.lowerBound != lastEnd { found.append(search.text(range)) }
            lastEnd = range.upperBound
            position = range.isEmpty ? range.upperBound + 1 : range.upperBound
        }
        return found
    }
}

/// One walk through a text, with every possibility at each place.
private struct Search {
    let scalars: [UInt32]
    private let instructions: [PatternProgram.Instruction]
    private var current: Threads
    private var next: Threads
    private var pending: [Int] = []

    /// The possibilities in the order of preference, each instruction at most once.
    private struct Threads {
        var list: [(instruction: Int, start: Int)] = []
        private var marks: [Int]
        private var generation = 1

        init(count: Int) { marks = [Int](repeating: 0, count: count) }

        mutating func clear() {
            list.removeAll(keepingCapacity: true)
            generation += 1
        }

        mutating func isNew(_ instruction: Int) -> Bool {
            if marks[instruction] == generation { return false }
            marks[instruction] = generation
            return true
        }
    }

    init(_ program: PatternProgram, _ text: String) {
        scalars = text.unicodeScalars.map(\.value)
        instructions = program.instructions
        current = Threads(count: instructions.count)
        next = Threads(count: instructions.count)
    }

    func text(_ range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[range].compactMap(Unicode.Scalar.init))
        return String(view)
    }

    mutating func first(from start: Int, wantsEnd: Bool) -> Range<Int>? {
        current.clear()
        var found: Range<Int>?
        for position in start...scalars.count {
            if found == nil { Self.follow(0, position, position, scalars, instructions, &current, &pending) }
            if current.list.isEmpty, found != nil { break }
            next.clear()
            for thread in current.list {
                if case .match = instructions[thread.instruction] {
                    found = thread.start..<position
                    if !wantsEnd { return found }
                    break
                }
                guard case .take(let scalar) = instructions[thread.instruction], position < scalars.count,
                    scalar.contains(scalars[position])
                else { continue }
                Self.follow(thread.instruction + 1, thread.start, position + 1, scalars, instructions, &next, &pending)
            }
            swap(&current, &next)
        }
        return found
    }

    /// Notes what can be reached without taking a scalar.
    private static func follow(
        _ instruction: Int, _ start: Int, _ position: Int, _ scalars: [UInt32], _ instructions: [PatternProgram.Instruction],
        _ threads: inout Threads, _ pending: inout [Int]
    ) {
        pending.append(instruction)
        while let instruction = pending.popLast() {
            guard threads.isNew(instruction) else { continue }
            switch instructions[instruction] {
            case .jump(let target): pending.append(target)
            case .split(let first, let second):
                pending.append(second)
                pending.append(first)
            case .assert(let assertion):
                if holds(assertion, position, scalars) { pending.append(instruction + 1) }
            case .take, .match: threads.list.append((instruction, start))
            }
        }
    }

    private static func holds(_ assertion: RegexNode.Assertion, _ position: Int, _ scalars: [UInt32]) -> Bool {
        func isWord(_ index: Int) -> Bool {
            guard scalars.indices.contains(index), let scalar = Unicode.Scalar(scalars[index]) else { return false }
            return Lexer.isLetter(scalar) || Lexer.isDigit(scalar)
        }
        switch assertion {
        case .textStart: return position == 0
        case .textEnd: return position == scalars.count
        case .lineStart: return position == 0 || scalars[position - 1] == 10
        case .lineEnd: return position == scalars.count || scalars[position] == 10
        case .wordBoundary: return isWord(position - 1) != isWord(position)
        case .noWordBoundary: return isWord(position - 1) == isWord(position)
        }
    }
}
