import Foundation

/// What a person types, and what comes back: a file of `$ command` lines with the expected output below each.
///
/// `$[1.28+] command` is for that version of kubectl and newer ones, `$[-1.27]` for that and older ones. `> ` goes on with the command. Below it stand the
/// lines of stdout, those of stderr behind `! `, and `= 1` for an exit code that is not 0. `#` lines are comments. What differs from run to
/// run is compared as `<age>`, `<time>`, `<uid>`, `<rv>`; runs of spaces as one, since columns are as wide as what stands in them.
struct Transcript {
    struct Step {
        var line: Int
        var command: String
        /// Empty for all.
        var versions: String
        var stdout: [String] = []
        var stderr: [String] = []
        var status: Int32 = 0
    }

    var steps: [Step] = []

    init(_ text: String) throws {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            try take(line, number: index + 1)
        }
        // Empty lines between steps are for the reader.
        for index in steps.indices {
            while steps[index].stdout.last == "" { steps[index].stdout.removeLast() }
        }
    }

    private mutating func take(_ line: Substring, number: Int) throws {
        if line.hasPrefix("#") { return }
        if line.hasPrefix("$") {
            var rest = line.dropFirst()
            var versions = ""
            if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
                versions = String(rest[rest.index(after: rest.startIndex)..<end])
                rest = rest[rest.index(after: end)...]
            }
            steps.append(Step(line: number, command: rest.trimmingCharacters(in: .whitespaces), versions: versions))
            return
        }
        guard var step = steps.popLast() else {
            guard line.isEmpty else { throw Failure(description: "line \(number): output before the first command") }
            return
        }
        if line.hasPrefix("> ") {
            step.command += "\n" + line.dropFirst(2)
        } else if line.hasPrefix("! ") {
            step.stderr.append(String(line.dropFirst(2)))
        } else if line.hasPrefix("= "), let status = Int32(line.dropFirst(2)) {
            step.status = status
        } else {
            step.stdout.append(String(line))
        }
        steps.append(step)
    }
}

extension Transcript.Step {
    /// - Parameter minor: Of kubectl 1.MINOR.
    func isFor(minor: Int) -> Bool {
        guard !versions.isEmpty else { return true }
        let bound = Int(versions.drop { $0 == "-" }.dropFirst(2).prefix { $0.isNumber }) ?? 0
        return versions.hasPrefix("-") ? minor <= bound : minor >= bound
    }
}

/// Takes out of an output what no two runs share.
struct Masks {
    /// Longest first: a folder before what stands in it.
    var texts: [(String, String)]

    private static let patterns: [(String, String)] = [
        (#"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"#, "<uid>"),
        (#"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"#, "<time>"),
        (#"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"#, "<time>"),
        (#"[0-9a-f]{64}"#, "<hash>"),
        (#"kube-api-access-[a-z0-9]{5}"#, "kube-api-access-<id>"),
        (#"(Resource Version: +)\d+"#, "$1<rv>"),
        (#"(resourceVersion"?: "?)\d+"#, "$1<rv>"),
        (#"(^|\s)(\d+m?s|\d+m\d+s|\d+m|\d+d)(?=\s|$)"#, "$1<age>"),
        (#" +$"#, ""),
        (#"(\S) {2,}"#, "$1   "),
    ]

    func apply(_ text: String) -> [String] {
        var text = text
        for (from, to) in texts { text = text.replacingOccurrences(of: from, with: to) }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            Self.patterns.reduce(String(line)) { $0.replacingOccurrences(of: $1.0, with: $1.1, options: .regularExpression) }
        }
        while lines.last == "" { lines.removeLast() }
        return lines
    }
}
