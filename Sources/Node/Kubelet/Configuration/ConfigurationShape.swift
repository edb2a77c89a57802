internal import APIMachinery
internal import KubernetesAPI

/// What a value of a configuration file may look like.
indirect enum ConfigurationShape: Sendable {
    case flag
    case number(ClosedRange<Int64>)
    /// A number with a fraction.
    case fraction
    case text
    case choice([String])
    /// As Go writes it: `1m30s`.
    case duration
    case texts
    case textMap
    case list
    case object

    static let anyNumber = ConfigurationShape.number(Int64.min...Int64.max)

    /// - Returns: What is wrong and what would be right; nil when nothing is.
    func problem(_ value: JSONValue) -> String? {
        switch self {
        case .flag: value.boolValue == nil ? wrong(value, "true or false") : nil
        case .number(let range): numberProblem(value, range)
        case .fraction: value.doubleValue == nil ? wrong(value, "a number") : nil
        case .text: value.stringValue == nil ? wrong(value, "a text") : nil
        case .choice(let choices):
            value.stringValue.map(choices.contains) == true ? nil : wrong(value, choices.map { "\"\($0)\"" }.joined(separator: " or "))
        case .duration:
            value.stringValue.flatMap(GoDuration.seconds) == nil ? wrong(value, "a duration such as \"1m30s\"") : nil
        case .texts: value.arrayValue?.allSatisfy { $0.stringValue != nil } == true ? nil : wrong(value, "a list of texts")
        case .textMap:
            value.objectValue?.members.allSatisfy { $0.value.stringValue != nil } == true ? nil : wrong(value, "an object of texts")
        case .list: value.arrayValue == nil ? wrong(value, "a list") : nil
        case .object: value.objectValue == nil ? wrong(value, "an object") : nil
        }
    }

    private func numberProblem(_ value: JSONValue, _ range: ClosedRange<Int64>) -> String? {
        guard let number = value.integerValue else { return wrong(value, "a whole number") }
        if range.contains(number) { return nil }
        return wrong(value, range.upperBound == .max ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)")
    }

    private func wrong(_ value: JSONValue, _ right: String) -> String {
        let found = value.objectValue == nil && value.arrayValue == nil ? "\(value)" : value.typeName
        return "Invalid value: \(found): must be \(right)"
    }
}

/// A value that has the right shape and is wrong all the same.
struct ConfigurationProblem: Error {
    var message: String
    init(_ message: String) { self.message = message }

    static func invalid(_ value: String, _ right: String) -> ConfigurationProblem { .init("Invalid value: \"\(value)\": \(right)") }
}
