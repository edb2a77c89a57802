/// A conjunction of requirements on labels. The empty one matches everything.
package struct Selector: Hashable, Sendable {
    package struct Requirement: Hashable, Sendable {
        package enum Operator: Hashable, Sendable {
            case `in`, notIn, exists, doesNotExist, greaterThan, lessThan
        }

        package let key: String
        package let `operator`: Operator
        /// Sorted, without duplicates.
        package let values: [String]

        package init(key: String, operator: Operator, values: [String] = []) {
            self.key = key
            self.operator = `operator`
            self.values = Set(values).sorted()
        }

        package func matches(_ labels: [String: String]) -> Bool {
            guard let value = labels[key] else { return `operator` == .notIn || `operator` == .doesNotExist }
            switch `operator` {
            case .in: return values.contains(value)
            case .notIn: return !values.contains(value)
            case .exists: return true
            case .doesNotExist: return false
            case .greaterThan: return compare(value, >)
            case .lessThan: return compare(value, <)
            }
        }

        private func compare(_ value: String, _ isRight: (Int64, Int64) -> Bool) -> Bool {
            guard let value = Int64(value), let limit = values.first.flatMap({ Int64($0) }) else { return false }
            return isRight(value, limit)
        }
    }

    package var requirements: [Requirement]

    package init(_ requirements: [Requirement] = []) { self.requirements = requirements }

    /// Every label must be there with just this value.
    package init(equalTo labels: [String: String]) {
        requirements = labels.sorted { $0.key < $1.key }
            .map { Requirement(key: $0.key, operator: .in, values: [$0.value]) }
    }

    package static let everything = Selector()
    package var isEmpty: Bool { requirements.isEmpty }

    package func matches(_ labels: [String: String]) -> Bool {
        for requirement in requirements where !requirement.matches(labels) { return false }
        return true
    }
}

extension Selector: CustomStringConvertible {
    /// The selector in the form that it is parsed from: `app=web,tier in (a,b),!old`.
    package var description: String { requirements.map(\.description).joined(separator: ",") }
}

extension Selector.Requirement: CustomStringConvertible {
    package var description: String {
        switch `operator` {
        case .in where values.count == 1: "\(key)=\(values[0])"
        case .in: "\(key) in (\(values.joined(separator: ",")))"
        case .notIn where values.count == 1: "\(key)!=\(values[0])"
        case .notIn: "\(key) notin (\(values.joined(separator: ",")))"
        case .exists: key
        case .doesNotExist: "!\(key)"
        case .greaterThan: "\(key)>\(values.first ?? "")"
        case .lessThan: "\(key)<\(values.first ?? "")"
        }
    }
}
