internal import APIMachinery

/// A version after semver.org 2.0.0.
struct CELSemver: OpaqueRepresentable {
    static let typeName = "kubernetes.Semver"
    private(set) var numbers: [UInt64] = []
    private var prerelease: [Substring] = []
    private var build: [Substring] = []

    /// - Parameter isNormalizing: A `v` in front, leading zeros and missing parts are mended first.
    init(_ text: String, isNormalizing: Bool = false) throws(CELEvaluationError) {
        func failure(_ problem: String) -> CELEvaluationError {
            CELEvaluationError("Semver parse error during conversion from string: \(problem)")
        }
        var rest = text[...]
        if isNormalizing, rest.hasPrefix("v") { rest.removeFirst() }
        if let mark = rest.firstIndex(of: "+") {
            build = rest[rest.index(after: mark)...].split(separator: ".", omittingEmptySubsequences: false)
            rest = rest[..<mark]
        }
        if let mark = rest.firstIndex(of: "-") {
            prerelease = rest[rest.index(after: mark)...].split(separator: ".", omittingEmptySubsequences: false)
            rest = rest[..<mark]
        }
        var parts = rest.split(separator: ".", omittingEmptySubsequences: false)
        if isNormalizing { while parts.count < 3 { parts.append("0") } }
        guard parts.count == 3 else { throw failure("No Major.Minor.Patch elements found") }
        for part in parts {
            guard !part.isEmpty, part.utf8.allSatisfy({ $0 &- 0x30 < 10 }), let number = UInt64(part) else {
                throw failure("Invalid character(s) found in version number \(String(part).quoted)")
            }
            guard isNormalizing || part.count == 1 || !part.hasPrefix("0") else {
                throw failure("Version number must not contain leading zeroes \(String(part).quoted)")
            }
            numbers.append(number)
        }
        for part in prerelease + build {
            guard !part.isEmpty, part.unicodeScalars.allSatisfy({ $0 == "-" || ($0 != "_" && Lexer.isLetter($0)) || Lexer.isDigit($0) })
            else {
                throw failure(part.isEmpty ? "Prerelease is empty" : "Invalid character(s) found in prerelease \(String(part).quoted)")
            }
        }
        for part in prerelease where part.count > 1 && part.hasPrefix("0") && part.allSatisfy(\.isNumber) {
            throw failure("Numeric PreRelease version must not contain leading zeroes \(String(part).quoted)")
        }
    }

    /// The build does not count.
    func comparison(_ other: CELSemver) -> Int64 {
        for (one, two) in zip(numbers, other.numbers) where one != two { return one < two ? -1 : 1 }
        if prerelease.isEmpty || other.prerelease.isEmpty {
            return prerelease.isEmpty == other.prerelease.isEmpty ? 0 : prerelease.isEmpty ? 1 : -1
        }
        for (one, two) in zip(prerelease, other.prerelease) where one != two {
            switch (UInt64(one), UInt64(two)) {
            case (let one?, let two?): return one < two ? -1 : 1
            case (_?, nil): return -1
            case (nil, _?): return 1
            case (nil, nil): return one.utf8.lexicographicallyPrecedes(two.utf8) ? -1 : 1
            }
        }
        let (count, otherCount) = (prerelease.count, other.prerelease.count)
        return count == otherCount ? 0 : count < otherCount ? -1 : 1
    }

    static func == (left: CELSemver, right: CELSemver) -> Bool { left.comparison(right) == 0 }
}

extension Libraries {
    static func addVersions(_ table: inout FunctionTable) {
        table.global("semver") { (text: String) in try CELSemver(text) }
        table.global("semver") { (text: String, isNormalizing: Bool) in try CELSemver(text, isNormalizing: isNormalizing) }
        table.global("isSemver") { (text: String) in (try? CELSemver(text)) != nil }
        table.global("isSemver") { (text: String, isNormalizing: Bool) in (try? CELSemver(text, isNormalizing: isNormalizing)) != nil }
        for (index, name) in ["major", "minor", "patch"].enumerated() {
            table.member(name) { (version: CELSemver) in Int64(clamping: version.numbers[index]) }
        }
        table.member("isLessThan") { (one: CELSemver, two: CELSemver) in one.comparison(two) < 0 }
        table.member("isGreaterThan") { (one: CELSemver, two: CELSemver) in one.comparison(two) > 0 }
        table.member("compareTo") { (one: CELSemver, two: CELSemver) in one.comparison(two) }
    }
}
