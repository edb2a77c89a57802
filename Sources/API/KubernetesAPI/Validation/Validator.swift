internal import APIMachinery

/// Collects field errors in the order in which they are found.
struct Validator {
    private(set) var errors: [FieldError] = []

    mutating func report(_ error: FieldError) { errors.append(error) }

    mutating func require(_ value: String?, _ path: FieldPath, _ detail: String = "") -> Bool {
        if let value, !value.isEmpty { return true }
        report(.required(path, detail))
        return false
    }

    mutating func invalid(_ path: FieldPath, _ value: String, _ problems: [String]) {
        for problem in problems { report(.invalid(path, .string(value), problem)) }
    }

    mutating func invalid(_ path: FieldPath, _ value: Int64, _ problems: [String]) {
        for problem in problems { report(.invalid(path, .integer(value), problem)) }
    }

    /// - Parameter allowed: Listed in this order in the error.
    mutating func oneOf(_ value: String?, _ allowed: [String], _ path: FieldPath) {
        guard let value, !allowed.contains(value) else { return }
        report(.notSupported(path, .string(value), supported: allowed))
    }

    mutating func nonNegative(_ value: Int64?, _ path: FieldPath) {
        if let value, value < 0 { report(.invalid(path, .integer(value), Self.isNegative)) }
    }

    mutating func inRange(_ value: Int64?, _ range: ClosedRange<Int64>, _ path: FieldPath) {
        guard let value, !range.contains(value) else { return }
        report(.invalid(path, .integer(value), NameValidation.inclusiveRange(range.lowerBound, range.upperBound)))
    }

    /// A path below a directory: not absolute, and without `..`.
    mutating func relativePath(_ value: String, _ path: FieldPath) {
        if value.hasPrefix("/") { report(.invalid(path, .string(value), "must be a relative path")) }
        noBacksteps(value, path)
    }

    mutating func noBacksteps(_ value: String, _ path: FieldPath) {
        if value.split(separator: "/").contains("..") {
            report(.invalid(path, .string(value), "must not contain '..'"))
        }
    }

    static let isNegative = "must be greater than or equal to 0"
    static let isNotPositive = "must be greater than zero"
}
