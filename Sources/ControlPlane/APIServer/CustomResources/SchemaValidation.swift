internal import APIMachinery

/// Checks a value against a structural schema, in the words of upstream's validator.
struct SchemaValidation {
    private(set) var errors: [FieldError] = []

    init() {}

    mutating func check(_ value: JSONValue, _ schema: StructuralSchema, at path: FieldPath) {
        if value.isNull, schema.isNullable { return }
        guard checkType(value, schema, path) else { return }
        checkEnum(value, schema, path)
        switch value {
        case .string(let text): checkText(text, schema, path)
        case .integer, .number: checkNumber(value, schema, path)
        case .array(let elements): checkList(elements, schema, path)
        case .object(let object): checkObject(object, schema, path)
        default: break
        }
        checkJunctors(value, schema, path)
    }

    private mutating func report(_ kind: FieldError.Kind, _ path: FieldPath, _ value: JSONValue? = nil, _ detail: String) {
        errors.append(FieldError(path, kind, value: value, detail: detail))
    }

    private mutating func invalid(_ path: FieldPath, _ value: JSONValue, _ detail: String) {
        report(.invalid, path, value, "\(path) in body \(detail)")
    }

    private mutating func checkType(_ value: JSONValue, _ schema: StructuralSchema, _ path: FieldPath) -> Bool {
        let name = Self.typeName(value)
        let allowed = schema.isIntOrString ? ["integer", "string"] : schema.type.isEmpty ? [] : [schema.type]
        guard !allowed.isEmpty, !allowed.contains(name) else { return true }
        if allowed == ["number"], name == "integer" { return true }
        report(
            .typeInvalid, path, .string(name), "\(path) in body must be of type \(allowed.joined(separator: ",")): \(name.quoted)")
        return false
    }

    private static func typeName(_ value: JSONValue) -> String {
        if case .number = value { return value.integerValue == nil ? "number" : "integer" }
        return value.typeName
    }

    private mutating func checkEnum(_ value: JSONValue, _ schema: StructuralSchema, _ path: FieldPath) {
        guard let allowed = schema.json["enum"]?.arrayValue, !allowed.contains(value) else { return }
        errors.append(
            .notSupported(path, value, supported: allowed.map { $0.stringValue ?? $0.serializedText() }))
    }

    private mutating func checkText(_ text: String, _ schema: StructuralSchema, _ path: FieldPath) {
        let count = text.unicodeScalars.count
        if let max = schema.json["maxLength"]?.integerValue, count > max { errors.append(.tooLong(path, maxBytes: Int(max))) }
        if let min = schema.json["minLength"]?.integerValue, count < min {
            invalid(path, .string(text), "should be at least \(min) chars long")
        }
        if let pattern = schema.json["pattern"]?.stringValue, let regex = try? Regex(pattern), text.firstMatch(of: regex) == nil {
            invalid(path, .string(text), "should match '\(pattern)'")
        }
        if let format = schema.json["format"]?.stringValue, !StringFormat.matches(text, format) {
            report(.typeInvalid, path, .string(text), "\(path) in body must be of type \(format): \(text.quoted)")
        }
    }

    private mutating func checkNumber(_ value: JSONValue, _ schema: StructuralSchema, _ path: FieldPath) {
        let number = value.doubleValue ?? 0
        if let of = schema.json["multipleOf"]?.doubleValue, of > 0, (number / of).rounded() * of != number {
            invalid(path, value, "should be a multiple of \(Self.text(of))")
        }
        if let max = schema.json["maximum"]?.doubleValue {
            let isExclusive = schema.json["exclusiveMaximum"]?.boolValue ?? false
            if number > max || (isExclusive && number == max) {
                invalid(path, value, "should be less than \(isExclusive ? "" : "or equal to ")\(Self.text(max))")
            }
        }
        if let min = schema.json["minimum"]?.doubleValue {
            let isExclusive = schema.json["exclusiveMinimum"]?.boolValue ?? false
            if number < min || (isExclusive && number == min) {
                invalid(path, value, "should be greater than \(isExclusive ? "" : "or equal to ")\(Self.text(min))")
            }
        }
    }

    private static func text(_ number: Double) -> String { Int64(exactly: number).map { String($0) } ?? number.description }

    private mutating func checkList(_ elements: [JSONValue], _ schema: StructuralSchema, _ path: FieldPath) {
        if let max = schema.json["maxItems"]?.integerValue, elements.count > max {
            errors.append(.tooMany(path, count: elements.count, max: Int(max)))
        }
        if let min = schema.json["minItems"]?.integerValue, elements.count < min {
            invalid(path, .integer(Int64(elements.count)), "should have at least \(min) items")
        }
        if let items = schema.items {
            for (index, element) in elements.enumerated() { check(element, items, at: path.index(index)) }
        }
        checkUnique(elements, schema, path)
    }

    private mutating func checkUnique(_ elements: [JSONValue], _ schema: StructuralSchema, _ path: FieldPath) {
        let keys = (schema.json["x-kubernetes-list-map-keys"]?.arrayValue ?? []).compactMap(\.stringValue)
        let identity: (JSONValue) -> JSONValue
        switch schema.json["x-kubernetes-list-type"]?.stringValue {
        case "set": identity = { $0 }
        case "map":
            identity = { element in
                .object(JSONObject(members: keys.compactMap { key in element[key].map { .init(key: key, value: $0) } }))
            }
        default: return
        }
        var seen: Set<JSONValue> = []
        for (index, element) in elements.enumerated() where !seen.insert(identity(element)).inserted {
            errors.append(.duplicate(path.index(index), identity(element)))
        }
    }

    private mutating func checkObject(_ object: JSONObject, _ schema: StructuralSchema, _ path: FieldPath) {
        for name in schema.required where object[name] == nil { errors.append(.required(path.child(name))) }
        if let max = schema.json["maxProperties"]?.integerValue, object.count > max {
            errors.append(.tooMany(path, count: object.count, max: Int(max)))
        }
        if let min = schema.json["minProperties"]?.integerValue, object.count < min {
            invalid(path, .integer(Int64(object.count)), "should have at least \(min) properties")
        }
        for member in object.members {
            guard let inner = schema.property(member.key) ?? schema.additional else { continue }
            check(member.value, inner, at: path.child(member.key))
        }
    }

    private mutating func checkJunctors(_ value: JSONValue, _ schema: StructuralSchema, _ path: FieldPath) {
        func results(_ name: String) -> [[FieldError]]? {
            schema.json[name]?.arrayValue.map { parts in
                parts.map { part in
                    var inner = SchemaValidation()
                    inner.check(value, StructuralSchema(part), at: path)
                    return inner.errors
                }
            }
        }
        let name = path.description.quoted
        func whole(_ text: String) -> FieldError {
            FieldError(FieldPath([.field("<nil>")]), .invalid, value: "", detail: text)
        }
        if let all = results("allOf") { errors += all.flatMap { $0 } }
        if let any = results("anyOf"), !any.contains(where: \.isEmpty) {
            errors.append(whole("\(name) must validate at least one schema (anyOf)"))
            errors += any.first ?? []
        }
        if let one = results("oneOf") {
            let count = one.count(where: \.isEmpty)
            if count == 0 {
                errors.append(whole("\(name) must validate one and only one schema (oneOf). Found none valid"))
                errors += one.first ?? []
            } else if count > 1 {
                errors.append(whole("\(name) must validate one and only one schema (oneOf). Found \(count) valid alternatives"))
            }
        }
        if let not = schema.json["not"] {
            var inner = SchemaValidation()
            inner.check(value, StructuralSchema(not), at: path)
            if inner.errors.isEmpty { errors.append(whole("\(name) must not validate the schema (not)")) }
        }
    }
}

/// The formats of texts that are checked; others are taken as they come, as upstream does.
enum StringFormat {
    static func matches(_ text: String, _ format: String) -> Bool {
        switch format {
        case "date-time": return Timestamp(text) != nil
        case "date": return text.wholeMatch(of: #/\d{4}-\d{2}-\d{2}/#) != nil
        case "byte": return Base64Data(base64: text) != nil
        case "ipv4": return IPAddress(text)?.isIPv4 ?? false
        case "ipv6": return IPAddress(text).map { !$0.isIPv4 } ?? false
        case "uuid":
            return text.wholeMatch(of: #/[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}/#) != nil
        case "duration": return GoDuration.problem(text) == nil
        default: return true
        }
    }
}
