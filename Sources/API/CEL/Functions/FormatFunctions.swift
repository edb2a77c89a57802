internal import APIMachinery

/// A named form of texts: `format.dns1123Label().validate(name)`.
struct CELFormat: OpaqueRepresentable {
    static let typeName = "kubernetes.NamedFormat"
    let name: String
    /// The reasons why a text does not have the form; none when it has.
    let problems: @Sendable (String) -> [String]

    static func == (left: CELFormat, right: CELFormat) -> Bool { left.name == right.name }

    static let all: [CELFormat] = [
        CELFormat(name: "dns1123Label", problems: NameValidation.dns1123Label),
        CELFormat(name: "dns1123Subdomain", problems: NameValidation.dns1123Subdomain),
        CELFormat(name: "dns1035Label", problems: NameValidation.dns1035Label),
        CELFormat(name: "qualifiedName", problems: NameValidation.qualifiedName),
        CELFormat(name: "dns1123LabelPrefix") { NameValidation.asPrefix($0, NameValidation.dns1123Label) },
        CELFormat(name: "dns1123SubdomainPrefix") { NameValidation.asPrefix($0, NameValidation.dns1123Subdomain) },
        CELFormat(name: "dns1035LabelPrefix") { NameValidation.asPrefix($0, NameValidation.dns1035Label) },
        CELFormat(name: "labelValue", problems: NameValidation.labelValue),
        CELFormat(name: "uri") { (try? CELURL($0)) == nil ? ["does not parse as URI"] : [] },
        CELFormat(name: "uuid") { isUUID($0) ? [] : ["does not match the UUID format"] },
        CELFormat(name: "byte") { Base64Data(base64: $0, isStrict: false) == nil ? ["invalid base64"] : [] },
        CELFormat(name: "date") { $0.utf8.count == 10 && Timestamp("\($0)T00:00:00Z") != nil ? [] : ["invalid date"] },
        CELFormat(name: "datetime") { Timestamp($0) == nil ? ["invalid datetime"] : [] },
    ]

    private static func isUUID(_ text: String) -> Bool {
        (try? PatternProgram.cached("^(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"))?.isFound(in: text) ?? false
    }
}

extension Libraries {
    static func addFormats(_ table: inout FunctionTable) {
        for format in CELFormat.all {
            table.global("format.\(format.name)", [], CELFormat.celType) { _, _ in format.cel }
        }
        table.global("format.named", [.string], .optional(CELFormat.celType)) { arguments, _ in
            guard case .string(let name) = arguments[0] else { throw CELEvaluationError.noSuchOverload }
            return .optional(CELFormat.all.first { $0.name == name }?.cel)
        }
        table.member("validate", [CELFormat.celType, .string], .optional(.list(.string))) { arguments, meter in
            guard let format = CELFormat(cel: arguments[0]), case .string(let text) = arguments[1] else {
                throw CELEvaluationError.noSuchOverload
            }
            try meter.charge(1 + text.utf8.count)
            let problems = format.problems(text)
            return .optional(problems.isEmpty ? nil : .list(CELList(problems.map { .string($0) })))
        }
    }
}
