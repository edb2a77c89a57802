internal import APIMachinery

extension Libraries {
    static func addConversions(_ table: inout FunctionTable) {
        addWholeConversions(&table)
        addTextConversions(&table)
        table.global("double") { (value: Double) in value }
        table.global("double") { (value: Int64) in Double(value) }
        table.global("double") { (value: UInt64) in Double(value) }
        table.global("double") { (value: String) in
            guard let number = FloatText.parse(value) else {
                throw CELEvaluationError("strconv.ParseFloat: parsing \(value.quoted): invalid syntax")
            }
            return number
        }
        table.global("bool") { (value: Bool) in value }
        table.global("bool") { (value: String) in
            switch value {
            case "1", "t", "T", "true", "TRUE", "True": return true
            case "0", "f", "F", "false", "FALSE", "False": return false
            default: throw CELEvaluationError("strconv.ParseBool: parsing \(value.quoted): invalid syntax")
            }
        }
        table.global("timestamp") { (value: Timestamp) in value }
        table.global("timestamp") { (seconds: Int64) in
            guard let time = TimestampText.checked(seconds: seconds, nanoseconds: 0) else {
                throw CELEvaluationError("timestamp overflow")
            }
            return time
        }
        table.global("timestamp") { (value: String) in
            guard let time = Timestamp(value), TimestampText.range.contains(time.seconds) else {
                throw CELEvaluationError("parsing time \(value.quoted) as \"2006-01-02T15:04:05Z07:00\": cannot parse as a timestamp")
            }
            return time
        }
        table.global("duration") { (value: CELNanoseconds) in value }
        table.global("duration") { (value: String) in
            guard let length = DurationText.nanoseconds(value) else {
                throw CELEvaluationError("time: invalid duration \(value.quoted)")
            }
            return CELNanoseconds(length)
        }
    }

    private static func addWholeConversions(_ table: inout FunctionTable) {
        let over = CELEvaluationError("integer overflow")
        table.global("int") { (value: Int64) in value }
        table.global("int") { (value: UInt64) in
            guard let number = Int64(exactly: value) else { throw over }
            return number
        }
        table.global("int") { (value: Double) in
            // The bounds themselves are out, as they may have been rounded.
            guard value.isFinite, value > Double(Int64.min), value < Double(Int64.max) else { throw over }
            return Int64(value)
        }
        table.global("int") { (value: String) in try whole(value, "ParseInt") as Int64 }
        table.global("int") { (value: Timestamp) in value.seconds }
        table.global("int") { (value: CELNanoseconds) in value.count }
        let unsignedOver = CELEvaluationError("unsigned integer overflow")
        table.global("uint") { (value: UInt64) in value }
        table.global("uint") { (value: Int64) in
            guard let number = UInt64(exactly: value) else { throw unsignedOver }
            return number
        }
        table.global("uint") { (value: Double) in
            guard value.isFinite, value >= 0, value < Double(UInt64.max) else { throw unsignedOver }
            return UInt64(value)
        }
        table.global("uint") { (value: String) in try whole(value, "ParseUint") as UInt64 }
    }

    private static func whole<Number: FixedWidthInteger>(_ text: String, _ function: String) throws -> Number {
        if let number = Number(text), Number.isSigned || text.first != "+" { return number }
        let digits = text.first.map { "+-".contains($0) && Number.isSigned } == true ? text.dropFirst() : text[...]
        let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { $0 &- 0x30 < 10 }
        throw CELEvaluationError("strconv.\(function): parsing \(text.quoted): \(isNumber ? "value out of range" : "invalid syntax")")
    }

    private static func addTextConversions(_ table: inout FunctionTable) {
        table.global("string") { (value: String) in value }
        table.global("string") { (value: Bool) in value ? "true" : "false" }
        table.global("string") { (value: Int64) in String(value) }
        table.global("string") { (value: UInt64) in String(value) }
        table.global("string") { (value: Double) in FloatText.shortest(value) }
        table.global("string") { (value: CELBytes) in
            guard let text = String(validating: value.bytes, as: UTF8.self) else {
                throw CELEvaluationError("invalid UTF-8 in bytes, cannot convert to string")
            }
            return text
        }
        table.global("string") { (value: Timestamp) in TimestampText.text(value) }
        table.global("string") { (value: CELNanoseconds) in DurationText.text(value.count) }
        table.global("bytes") { (value: CELBytes) in value }
        table.global("bytes") { (value: String) in CELBytes(Array(value.utf8)) }
    }
}
