/// One line of a report in the forms that CI systems read.
package struct TestCase: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        case passed
        case failed(String)
        /// Neither right nor wrong: it could not be found out, or nothing can be done about it here.
        case skipped(String)
    }

    /// What it belongs to: a pod's container, a group of features.
    package var group: String
    package var name: String
    package var outcome: Outcome
    /// Name and value, in order.
    package var details: [(name: String, value: String)] = []

    package init(group: String, name: String, outcome: Outcome, details: [(name: String, value: String)] = []) {
        self.group = group
        self.name = name
        self.outcome = outcome
        self.details = details
    }

    package static func == (one: TestCase, other: TestCase) -> Bool {
        one.group == other.group && one.name == other.name && one.outcome == other.outcome
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(group)
        hasher.combine(name)
        hasher.combine(outcome)
    }
}

package enum TestReport {
    /// The JUnit XML that CI systems read: a suite for each group, in the order in which they first appear.
    package static func junit(_ cases: [TestCase], seconds: Double) -> String {
        var lines = ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>"]
        lines.append(
            "<testsuites tests=\"\(cases.count)\" failures=\"\(cases.count(where: \.isFailed))\" "
                + "skipped=\"\(cases.count(where: \.isSkipped))\" time=\"\(seconds)\">")
        for (group, members) in grouped(cases) {
            lines.append(
                "  <testsuite name=\"\(escaped(group))\" tests=\"\(members.count)\" failures=\"\(members.count(where: \.isFailed))\" "
                    + "skipped=\"\(members.count(where: \.isSkipped))\">")
            lines += members.map(junitCase)
            lines.append("  </testsuite>")
        }
        return (lines + ["</testsuites>"]).joined(separator: "\n")
    }

    /// The Test Anything Protocol, version 14, with the details as YAML block (testanything.org).
    package static func tap(_ cases: [TestCase]) -> String {
        var lines = ["TAP version 14", "1..\(cases.count)"]
        for (index, one) in cases.enumerated() {
            let name = "\(one.group): \(one.name)".replacing("#", with: "\\#")
            switch one.outcome {
            case .passed:
                lines.append("ok \(index + 1) - \(name)")
                continue
            case .skipped(let why): lines.append("ok \(index + 1) - \(name) # SKIP \(oneLine(why))")
            case .failed: lines.append("not ok \(index + 1) - \(name)")
            }
            lines.append("  ---")
            if case .failed(let message) = one.outcome { lines.append("  message: \(quoted(message))") }
            for (key, value) in one.details { lines.append("  \(key.replacing(" ", with: "_")): \(quoted(value))") }
            lines.append("  ...")
        }
        return lines.joined(separator: "\n")
    }

    private static func grouped(_ cases: [TestCase]) -> [(String, [TestCase])] {
        var order: [String] = []
        var members: [String: [TestCase]] = [:]
        for one in cases {
            if members[one.group] == nil { order.append(one.group) }
            members[one.group, default: []].append(one)
        }
        return order.map { ($0, members[$0] ?? []) }
    }

    private static func junitCase(_ one: TestCase) -> String {
        let head = "    <testcase classname=\"\(escaped(one.group))\" name=\"\(escaped(one.name))\""
        let detail = one.details.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
        switch one.outcome {
        case .passed: return head + "/>"
        case .failed(let message):
            return head + ">\n      <failure message=\"\(escaped(message))\">\(escaped(detail))</failure>\n    </testcase>"
        case .skipped(let why): return head + ">\n      <skipped message=\"\(escaped(why))\"/>\n    </testcase>"
        }
    }

    private static func oneLine(_ text: String) -> String { text.split(separator: "\n").joined(separator: " ") }

    /// A double-quoted scalar of YAML.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + (digits.count < 2 ? "0" : "") + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// XML has no place for most control characters, not even escaped.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0xfffe || scalar.value == 0xffff: result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension TestCase {
    fileprivate var isFailed: Bool { if case .failed = outcome { true } else { false } }
    fileprivate var isSkipped: Bool { if case .skipped = outcome { true } else { false } }
}
