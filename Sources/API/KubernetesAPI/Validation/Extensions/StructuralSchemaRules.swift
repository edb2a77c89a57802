internal import APIMachinery

/// What a custom resource's schema may say: every node has a type, logical parts restrict only, and no quadratic checks.
enum StructuralSchemaRules {
    private static let types = ["array", "boolean", "integer", "number", "object", "string"]
    private static let junctors = ["allOf", "anyOf", "oneOf"]

    static func validate(_ schema: JSONValue, at path: FieldPath, _ validator: inout Validator) {
        let root = JSONField(schema, path)
        if root["type"].string != "object" {
            if root["type"].isEmptyText {
                validator.report(.required(root["type"].path, "must not be empty at the root"))
            } else {
                validator.report(.invalid(root["type"].path, root["type"].shown, "must be object at the root"))
            }
        }
        if root["nullable"].isTrue { validator.report(.forbidden(root["nullable"].path, "nullable cannot be true at the root")) }
        metadata(JSONField(root["properties"].value?["metadata"], root["properties"].path.key("metadata")), &validator)
        node(root, isRoot: true, &validator)
    }

    /// The server knows metadata already: only names may be restricted further.
    private static func metadata(_ field: JSONField, _ validator: inout Validator) {
        guard field.isSet else { return }
        let allowed: Set<String> = ["name", "generateName"]
        let isNarrow =
            Set(field["properties"].object.keys).isSubset(of: allowed)
            && field.object.keys.allSatisfy { ["type", "properties", "description", "title"].contains($0) }
        if !isNarrow {
            validator.report(
                .forbidden(
                    field.path,
                    "must not specify anything other than name and generateName, but metadata is implicitly specified"))
        }
    }

    /// - Parameter uncorrelatable: The list around the node whose elements cannot be found again in the object before an update.
    private static func node(_ field: JSONField, isRoot: Bool, uncorrelatable: FieldPath? = nil, _ validator: inout Validator) {
        let problems = validator.errors.count
        forbidden(field, &validator)
        type(field, isRoot: isRoot, &validator)
        lists(field, &validator)
        defaultValue(field, &validator)
        logical(field, &validator)
        for entry in entries(field["properties"]) where !(isRoot && entry.key == "metadata") {
            node(entry.field, isRoot: false, uncorrelatable: uncorrelatable, &validator)
        }
        if field["additionalProperties"].value?.objectValue != nil {
            node(field["additionalProperties"], isRoot: false, uncorrelatable: uncorrelatable, &validator)
        }
        if field["items"].isSet {
            let isMap = field["x-kubernetes-list-type"].string == "map"
            node(field["items"], isRoot: false, uncorrelatable: uncorrelatable ?? (isMap ? nil : field.path), &validator)
        }
        SchemaRuleValidation(field, isRoot: isRoot, uncorrelatable: uncorrelatable)
            .report(to: &validator, compiles: validator.errors.count == problems)
    }

    private static func entries(_ field: JSONField) -> [(key: String, field: JSONField)] {
        field.entries.sorted { $0.key < $1.key }
    }

    private static func forbidden(_ field: JSONField, _ validator: inout Validator) {
        if field["$ref"].isSet { validator.report(.forbidden(field["$ref"].path, "$ref is not supported")) }
        if field["uniqueItems"].isTrue {
            validator.report(
                .forbidden(
                    field["uniqueItems"].path,
                    "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"))
        }
        for member in ["definitions", "dependencies", "patternProperties", "additionalItems", "id"] where field[member].isSet {
            let isEmpty = field[member].value == .object(JSONObject())
            if !isEmpty { validator.report(.forbidden(field[member].path, "\(member) is not supported")) }
        }
        let additional = field["additionalProperties"]
        if additional.isSet, !field["properties"].object.isEmpty, additional.value != .bool(false) {
            validator.report(
                .forbidden(additional.path, "additionalProperties and properties are mutual exclusive"))
        }
        if additional.value == .bool(false) {
            validator.report(.forbidden(additional.path, "additionalProperties cannot be set to false"))
        }
        if field["items"].value?.arrayValue != nil {
            validator.report(.forbidden(field["items"].path, "items must be a schema object and not an array"))
        }
    }

    private static func type(_ field: JSONField, isRoot: Bool, _ validator: inout Validator) {
        let type = field["type"]
        let mayLack = field["x-kubernetes-int-or-string"].isTrue || field["x-kubernetes-preserve-unknown-fields"].isTrue
        if type.isEmptyText {
            // $ref says its own.
            if !isRoot, !mayLack, !field["$ref"].isSet {
                validator.report(.required(type.path, "must not be empty for specified object fields"))
            }
        } else if !types.contains(type.string) {
            validator.report(.notSupported(type.path, type.shown, supported: types))
        }
        if type.string == "array", !field["items"].isSet {
            validator.report(.required(field["items"].path, "must be specified"))
        }
    }

    // MARK: Lists

    private static func lists(_ field: JSONField, _ validator: inout Validator) {
        let (kind, keys) = (field["x-kubernetes-list-type"], field["x-kubernetes-list-map-keys"])
        if kind.isSet, field["type"].string != "array" {
            validator.report(
                .invalid(field["type"].path, .string(field["type"].string), "must be array if x-kubernetes-list-type is specified"))
        }
        validator.oneOf(kind, ["atomic", "map", "set"])
        if !keys.items.isEmpty, kind.string != "map" {
            validator.report(.invalid(kind.path, kind.shown, "must be map if x-kubernetes-list-map-keys is non-empty"))
        }
        switch kind.string {
        case "map": mapList(field, keys, &validator)
        case "set":
            let items = field["items"]
            if items["type"].string == "object", items["x-kubernetes-map-type"].string != "atomic" {
                validator.report(
                    .invalid(
                        items["x-kubernetes-map-type"].path, items["x-kubernetes-map-type"].shown,
                        "must be atomic as item of a list with x-kubernetes-list-type=set"))
            } else if items["type"].string == "array", items["x-kubernetes-list-type"].isSet,
                items["x-kubernetes-list-type"].string != "atomic"
            {
                validator.report(
                    .invalid(
                        items["x-kubernetes-list-type"].path, items["x-kubernetes-list-type"].shown,
                        "must be atomic as item of a list with x-kubernetes-list-type=set"))
            }
        default: break
        }
        let mapKind = field["x-kubernetes-map-type"]
        validator.oneOf(mapKind, ["atomic", "granular"])
    }

    private static func mapList(_ field: JSONField, _ keys: JSONField, _ validator: inout Validator) {
        if keys.items.isEmpty {
            validator.report(.required(keys.path, "must not be empty if x-kubernetes-list-type is map"))
        }
        let items = field["items"]
        var seen: Set<String> = []
        for key in keys.items {
            if !seen.insert(key.string).inserted { validator.report(.duplicate(key.path, key.shown)) }
            let properties = items["properties"]
            let property = JSONField(properties.value?[key.string], properties.path.key(key.string))
            guard property.isSet else {
                validator.report(.invalid(key.path, key.shown, "entries must all be names of item properties"))
                continue
            }
            if !property["default"].isSet, !items["required"].strings.contains(key.string) {
                validator.report(
                    .required(
                        property["default"].path,
                        "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
                    ))
            }
        }
    }

    // MARK: Values and rules

    private static func defaultValue(_ field: JSONField, _ validator: inout Validator) {
        let value = field["default"]
        guard value.isSet, !field["type"].isEmptyText, types.contains(field["type"].string) else { return }
        let (given, wanted) = (value.value?.typeName ?? "null", field["type"].string)
        let fits = given == wanted || (wanted == "number" && given == "integer")
        if !fits {
            validator.report(
                FieldError(
                    value.path, .typeInvalid, value: .string(given), detail: " in body must be of type \(wanted): \(given.quoted)"))
        }
    }

    // MARK: Logical parts

    private static func logical(_ field: JSONField, _ validator: inout Validator) {
        for junctor in junctors {
            for part in field[junctor].items { restricting(part, of: field, &validator) }
        }
        if field["not"].isSet { restricting(field["not"], of: field, &validator) }
    }

    /// A part of a junctor may restrict what is specified outside, and nothing else.
    private static func restricting(_ part: JSONField, of owner: JSONField, _ validator: inout Validator) {
        let allowsType = owner["x-kubernetes-int-or-string"].isTrue
        for member in ["description", "title", "default", "type", "nullable"] where part[member].isSet {
            if member == "type", allowsType { continue }
            let words = ["type": "must be empty to be structural", "nullable": "must be false to be structural"]
            if member == "nullable", !part[member].isTrue { continue }
            validator.report(.forbidden(part[member].path, words[member] ?? "must be undefined to be structural"))
        }
        if part["additionalProperties"].isSet {
            validator.report(.forbidden(part["additionalProperties"].path, "must be undefined to be structural"))
        }
        for entry in entries(part["properties"]) { restricting(entry.field, of: owner, &validator) }
        if part["items"].isSet { restricting(part["items"], of: owner, &validator) }
        logical(part, &validator)
    }
}
