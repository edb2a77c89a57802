/// A conjunction of requirements on fields of an object: `metadata.name=web,status.phase!=Running`.
package struct FieldSelector: Hashable, Sendable, CustomStringConvertible {
    package struct Requirement: Hashable, Sendable, CustomStringConvertible {
        package let field: String
        package let isEqual: Bool
        package let value: String

        package init(field: String, isEqual: Bool, value: String) {
            self.field = field
            self.isEqual = isEqual
            self.value = value
        }

        package var description: String { "\(field)\(isEqual ? "=" : "!=")\(Self.escape(value))" }

        private static func escape(_ value: String) -> String {
            var text = ""
            for character in value {
                if "\\,=".contains(character) { text += "\\" }
                text.append(character)
            }
            return text
        }
    }

    package var requirements: [Requirement]

    package init(_ requirements: [Requirement] = []) { self.requirements = requirements }

    /// Reads `field=value`, `field==value` and `field!=value` joined by commas. In a value a backslash makes the
    /// following backslash, comma or equals sign an ordinary character.
    package init(parsing text: String) throws(SelectorError) {
        requirements = []
        for term in Self.split(text) where !term.isEmpty { requirements.append(try Self.requirement(term)) }
    }

    /// - Parameter value: The value of a field, nil where the object does not have it, which counts as empty.
    package func matches(_ value: (String) -> String?) -> Bool {
        requirements.allSatisfy { ((value($0.field) ?? "") == $0.value) == $0.isEqual }
    }

    /// The value that a field is required to have, if one is.
    package func requiredValue(of field: String) -> String? {
        requirements.first { $0.field == field && $0.isEqual }?.value
    }

    package var isEmpty: Bool { requirements.isEmpty }
    package var description: String { requirements.map(\.description).joined(separator: ",") }

    /// Cuts at the commas that no backslash stands before.
    private static func split(_ text: String) -> [String] {
        var terms = [""]
        var isEscaped = false
        for character in text {
            if character == ",", !isEscaped {
                terms.append("")
            } else {
                terms[terms.count - 1].append(character)
            }
            isEscaped = character == "\\" && !isEscaped
        }
        return terms
    }

    private static func requirement(_ term: String) throws(SelectorError) -> Requirement {
        for (symbol, isEqual) in [("!=", false), ("==", true), ("=", true)] {
            guard let range = term.firstRange(of: symbol) else { continue }
            if symbol == "!=", let equals = term.firstIndex(of: "="), equals < range.lowerBound { continue }
            if symbol == "==", let equals = term.firstIndex(of: "="), equals < range.lowerBound { continue }
            let value = try unescape(String(term[range.upperBound...]), in: term)
            return Requirement(field: String(term[..<range.lowerBound]), isEqual: isEqual, value: value)
        }
        throw SelectorError(description: "invalid selector: '\(term)'; can't understand '\(term)'")
    }

    private static func unescape(_ value: String, in term: String) throws(SelectorError) -> String {
        var text = ""
        var isEscaped = false
        for character in value {
            if isEscaped {
                guard "\\,=".contains(character) else {
                    throw SelectorError(description: "invalid field selector: invalid escape sequence: \\\(character)")
                }
                text.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "=" {
                throw SelectorError(description: "invalid field selector: unescaped character in value: =")
            } else {
                text.append(character)
            }
        }
        guard !isEscaped else {
            throw SelectorError(description: "invalid field selector: invalid escape sequence: \\")
        }
        return text
    }
}
