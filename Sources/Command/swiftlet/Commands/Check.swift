import ArgumentParser
internal import APIMachinery
internal import Verification

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Find out what this machine can do for pods, by trying each thing once.",
        discussion: """
            Every line is a probe: a namespace is made, a limit set and read back, a filter loaded, a file system mounted, all apart from the rest \
            of the machine and gone again before the program ends. Nothing is concluded from version numbers. Without root it says what it could \
            not probe. The exit code is 1 when something is missing that pods need.
            """)

    @OptionGroup var directories: DirectoryOptions

    @Option(help: "Part of the cgroup v2 tree to look at (default: found by itself).")
    var cgroupRoot: String?

    @Option(name: .shortAndLong, help: "table, json, junit or tap.")
    var output = ReportFormat.table

    @Flag(name: .shortAndLong, help: "Only lines that are not ok.")
    var quiet = false

    func run() throws {
        Machine.raiseDescriptorLimit()
        let begin = ContinuousClock.now
        let lines = try MachineCheck().run(CheckPlace(dataDirectory: directories.absoluteDataDirectory, cgroupRoot: cgroupRoot))
        var report = CheckReport(lines: lines, duration: ContinuousClock.now - begin)
        let isPassed = report.isPassed
        if quiet { report.lines.removeAll { $0.state == .ok } }
        switch output {
        case .table: Output.print(text(report, summary: CheckReport(lines: lines, duration: report.duration).summary))
        case .json: Output.print(report.json.serializedText(.pretty))
        case .junit: Output.print(TestReport.junit(report.cases, seconds: report.duration / .seconds(1)))
        case .tap: Output.print(TestReport.tap(report.cases))
        }
        guard isPassed else { throw ExitCode.answerIsNo }
    }

    private func text(_ report: CheckReport, summary: String) -> String {
        var table = Table(header: ["FEATURE", "STATE", "FOUND", "NEEDED BY"])
        for group in Feature.Group.allCases {
            for line in report.lines where line.feature.group == group {
                table.rows.append(["\(group.rawValue): \(line.feature.name)", line.state.rawValue, line.found, line.feature.neededBy])
            }
        }
        let troubles = report.lines.filter { $0.state == .fail || $0.state == .warn }.map { line in
            """
            \(line.state.rawValue.uppercased())  \(line.feature.name): \(line.found)
              lost: \(line.feature.lost)
              mend: \(line.feature.mend)
            """
        }
        let milliseconds = Int(report.duration / .milliseconds(1))
        let parts =
            (table.rows.isEmpty ? [] : [ReportColour.states(table.text)]) + troubles.map(ReportColour.states) + [
                "\(summary); \(milliseconds) ms"
            ]
        return parts.joined(separator: "\n\n")
    }
}

/// The forms of a report that people and CI systems read.
enum ReportFormat: String, CaseIterable, ExpressibleByArgument { case table, json, junit, tap }

/// Words that tell how it went, in colour on a terminal.
enum ReportColour {
    static func states(_ text: String) -> String {
        guard Output.isDecorated(1) else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            for (word, code) in [
                ("fail", 31), ("FAIL", 31), ("DIFFERS", 31), ("warn", 33), ("WARN", 33), ("unknown", 33), ("NOT ENFORCED", 33), ("ok", 32),
            ] {
                guard
                    let range = line.firstRange(of: "  \(word)  ") ?? (line.hasPrefix("\(word)  ") ? line.firstRange(of: "\(word)  ") : nil)
                else { continue }
                return line.replacingCharacters(in: range, with: "\u{1B}[\(code)m\(line[range])\u{1B}[0m")
            }
            return String(line)
        }.joined(separator: "\n")
    }
}

extension Substring {
    fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
        self[..<range.lowerBound] + text + self[range.upperBound...]
    }
}
