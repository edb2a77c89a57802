internal import APIMachinery

/// How two values differ, as upstream's immutability errors tell: a unified diff of their indented JSON.
enum GoDiff {
    private static let context = 3

    static func text(_ old: JSONValue, _ new: JSONValue) -> String {
        let (left, right) = (lines(old), lines(new))
        var text = ""
        for hunk in hunks(edits(left, right)) {
            text += "@@ -\(hunk.oldStart + 1),\(hunk.oldCount) +\(hunk.newStart + 1),\(hunk.newCount) @@\n"
            for line in hunk.lines { text += line + "\n" }
        }
        return text
    }

    /// One line for each scalar and bracket, one blank for each level, as `json.MarshalIndent(v, "", " ")` writes.
    private static func lines(_ value: JSONValue) -> [String] {
        var lines: [String] = []
        append(value, prefix: "", indent: 0, suffix: "", &lines)
        return lines
    }

    private static func append(
        _ value: JSONValue, prefix: String, indent: Int, suffix: String, _ lines: inout [String]
    ) {
        let blank = String(repeating: " ", count: indent)
        switch value {
        case .object(let object) where !object.isEmpty:
            lines.append(blank + prefix + "{")
            for (index, member) in object.members.enumerated() {
                append(
                    member.value, prefix: "\(JSONValue.string(member.key)): ", indent: indent + 1,
                    suffix: index == object.count - 1 ? "" : ",", &lines)
            }
            lines.append(blank + "}" + suffix)
        case .array(let elements) where !elements.isEmpty:
            lines.append(blank + prefix + "[")
            for (index, element) in elements.enumerated() {
                append(
                    element, prefix: "", indent: indent + 1, suffix: index == elements.count - 1 ? "" : ",", &lines)
            }
            lines.append(blank + "]" + suffix)
        default: lines.append(blank + prefix + value.description + suffix)
        }
    }

    private enum Edit { case keep(String), remove(String), add(String) }

    /// The common tail and head are kept; what is between goes by the longest common subsequence. Which of several like lines counts as
    /// the changed one is upstream's choice: the tail is taken as long as it can be.
    private static func edits(_ left: [String], _ right: [String]) -> [Edit] {
        var tail = 0
        while tail < left.count, tail < right.count, left[left.count - 1 - tail] == right[right.count - 1 - tail] { tail += 1 }
        var head = 0
        while head < left.count - tail, head < right.count - tail, left[head] == right[head] { head += 1 }
        let old = Array(left[head..<(left.count - tail)])
        let new = Array(right[head..<(right.count - tail)])
        return left[..<head].map { .keep($0) } + middle(old, new) + left[(left.count - tail)...].map { .keep($0) }
    }

    private static func middle(_ old: [String], _ new: [String]) -> [Edit] {
        // Beyond this size the table would cost more than the message is worth.
        guard old.count * new.count <= 4_000_000 else { return old.map { .remove($0) } + new.map { .add($0) } }
        var length = [[Int]](repeating: [Int](repeating: 0, count: new.count + 1), count: old.count + 1)
        for i in old.indices.reversed() {
            for j in new.indices.reversed() {
                length[i][j] = old[i] == new[j] ? length[i + 1][j + 1] + 1 : max(length[i + 1][j], length[i][j + 1])
            }
        }
        var (edits, i, j): ([Edit], Int, Int) = ([], 0, 0)
        while i < old.count || j < new.count {
            if i < old.count, j < new.count, old[i] == new[j] {
                edits.append(.keep(old[i]))
                (i, j) = (i + 1, j + 1)
            } else if i < old.count, j == new.count || length[i + 1][j] >= length[i][j + 1] {
                edits.append(.remove(old[i]))
                i += 1
            } else {
                edits.append(.add(new[j]))
                j += 1
            }
        }
        return edits
    }

    private struct Hunk {
        var oldStart: Int, newStart: Int
        var oldCount = 0, newCount = 0
        var lines: [String] = []
    }

    private static func hunks(_ edits: [Edit]) -> [Hunk] {
        let changed = edits.indices.filter { if case .keep = edits[$0] { false } else { true } }
        var ranges: [Range<Int>] = []
        for index in changed {
            let range = max(0, index - context)..<min(edits.count, index + context + 1)
            if let last = ranges.last, range.lowerBound <= last.upperBound {
                ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
            } else {
                ranges.append(range)
            }
        }
        return ranges.map { range in
            let before = edits[..<range.lowerBound]
            var hunk = Hunk(
                oldStart: before.count { if case .add = $0 { false } else { true } },
                newStart: before.count { if case .remove = $0 { false } else { true } })
            for edit in edits[range] {
                switch edit {
                case .keep(let line):
                    hunk.lines.append(" " + line)
                    hunk.oldCount += 1
                    hunk.newCount += 1
                case .remove(let line):
                    hunk.lines.append("-" + line)
                    hunk.oldCount += 1
                case .add(let line):
                    hunk.lines.append("+" + line)
                    hunk.newCount += 1
                }
            }
            return hunk
        }
    }
}
