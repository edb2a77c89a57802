internal import Glibc

/// What a reading must be.
package enum Requirement: Sendable, Hashable {
    case equals(String)
    case oneOf([String])
    /// Exactly these, in any order.
    case sameMembers([String])
    case includes([String])
    case excludes([String])
    /// Nothing but these; one that ends with `/**` stands for what is below it, too.
    case within([String])
    /// An extended regular expression, regex(7), that the whole value answers to.
    case matches(String)
    case atLeast(Int64)
    case atMost(Int64)
    case absent
    case present

    package var text: String {
        switch self {
        case .equals(let value): value.isEmpty ? "\"\"" : value
        case .oneOf(let values): values.joined(separator: " or ")
        case .sameMembers(let members): members.isEmpty ? "none" : members.joined(separator: ", ")
        case .includes(let members): "at least \(members.joined(separator: ", "))"
        case .within(let members): "nothing but \(members.joined(separator: ", "))"
        case .excludes(let members): "none of \(members.joined(separator: ", "))"
        case .matches(let expression): "like \(expression)"
        case .atLeast(let number): "at least \(number)"
        case .atMost(let number): "at most \(number)"
        case .absent: "absent"
        case .present: "present"
        }
    }

    /// - Returns: nil for a reading that could not be made.
    package func isMet(by reading: Reading) -> Bool? {
        switch reading {
        case .unreadable, .unenforceable: return nil
        case .absent: return self == .absent || isMetByNothing
        case .value(let value): return isMet(by: value)
        case .list(let members): return isMet(by: members)
        }
    }

    private var isMetByNothing: Bool {
        switch self {
        case .excludes, .within: true
        case .sameMembers(let members): members.isEmpty
        default: false
        }
    }

    private func isMet(by value: String) -> Bool {
        switch self {
        case .equals(let wanted): return value == wanted
        case .oneOf(let wanted): return wanted.contains(value)
        case .matches(let expression): return RegularExpression.matches(expression, value) ?? false
        // `max`, `unlimited`: more than any number.
        case .atLeast(let number): return Self.isBoundless(value) || Int64(value).map { $0 >= number } ?? false
        case .atMost(let number): return !Self.isBoundless(value) && Int64(value).map { $0 <= number } ?? false
        case .absent: return false
        case .present: return true
        case .sameMembers, .includes, .excludes, .within: return isMet(by: Self.words(value))
        }
    }

    private func isMet(by members: [String]) -> Bool {
        switch self {
        case .sameMembers(let wanted): return Set(wanted) == Set(members)
        case .includes(let wanted): return Set(members).isSuperset(of: wanted)
        case .excludes(let unwanted): return Set(members).isDisjoint(with: unwanted)
        case .within(let wanted): return members.allSatisfy { member in wanted.contains { Self.covers($0, member) } }
        case .present: return true
        case .absent: return members.isEmpty
        case .atLeast(let number): return Int64(members.count) >= number
        case .atMost(let number): return Int64(members.count) <= number
        case .equals, .oneOf, .matches: return isMet(by: members.joined(separator: ", "))
        }
    }

    private static func isBoundless(_ value: String) -> Bool { value == "max" || value == "unlimited" }

    private static func covers(_ pattern: String, _ member: String) -> Bool {
        guard pattern.hasSuffix("/**") else { return pattern == member }
        let prefix = pattern.dropLast(3)
        return member == prefix || member.hasPrefix(prefix + "/")
    }

    private static func words(_ value: String) -> [String] { value.split { $0 == "," || $0 == " " }.map(String.init) }
}

/// regcomp(3).
enum RegularExpression {
    /// - Returns: nil for an expression that is none.
    static func matches(_ expression: String, _ text: String) -> Bool? {
        var compiled = unsafe regex_t()
        guard unsafe regcomp(&compiled, "^(\(expression))$", REG_EXTENDED | REG_NOSUB) == 0 else { return nil }
        defer { unsafe regfree(&compiled) }
        return unsafe regexec(&compiled, text, 0, nil, 0) == 0
    }
}
