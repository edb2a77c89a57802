internal import APIMachinery

/// Rules of CustomResourceDefinition; those of its schemas are in `StructuralSchemaRules`.
extension Validator {
    mutating func resourceDefinition(_ object: JSONField) {
        let spec = object["spec"]
        let expected = "\(spec["names", "plural"].string).\(spec["group"].string)"
        if object["metadata", "name"].string != expected {
            invalid(object["metadata", "name"], "must be spec.names.plural+\".\"+spec.group")
        }
        definitionGroup(spec["group"])
        if spec["scope"].isEmptyText { report(.required(spec["scope"].path)) } else { oneOf(spec["scope"], ["Cluster", "Namespaced"]) }
        versions(spec["versions"])
        definitionNames(spec["names"])
        conversion(spec["conversion"])
        if spec["preserveUnknownFields"].isTrue {
            invalid(
                spec["preserveUnknownFields"],
                "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead")
        }
        storedVersions(object)
    }

    private mutating func definitionGroup(_ group: JSONField) {
        guard required(group) else { return }
        let problems = NameValidation.dns1123Subdomain(group.string)
        if !problems.isEmpty {
            invalid(group, problems.joined(separator: ","))
        } else if !group.string.contains(".") {
            invalid(group, "should be a domain with at least one dot")
        }
    }

    private mutating func versions(_ versions: JSONField) {
        let shown: JSONValue = .array(versions.items.map { Self.shownVersion($0, isAlone: versions.items.count == 1) })
        var names: Set<String> = []
        var isUnique = true
        for version in versions.items {
            named(version["name"], NameValidation.dns1035Label)
            if !names.insert(version["name"].string).inserted { isUnique = false }
            // With a single version upstream's internal form has the schema and the rest at the top.
            let place = versions.items.count == 1 ? FieldPath("spec") : version.path
            definitionVersion(version, place, isSingle: versions.items.count == 1)
        }
        let storageCount = versions.items.count { $0["storage"].isTrue }
        if storageCount != 1 {
            report(.invalid(versions.path, shown, "must have exactly one version marked as storage version"))
        }
        if !isUnique { report(.invalid(versions.path, shown, "must contain unique version names")) }
    }

    private static func shownVersion(_ version: JSONField, isAlone: Bool) -> JSONValue {
        [
            "Name": .string(version["name"].string), "Served": .bool(version["served"].isTrue),
            "Storage": .bool(version["storage"].isTrue), "Deprecated": .bool(version["deprecated"].isTrue),
            "DeprecationWarning": version["deprecationWarning"].shown, "Schema": nil, "Subresources": nil,
            "AdditionalPrinterColumns": nil, "SelectableFields": nil,
        ]
    }

    private mutating func definitionVersion(_ version: JSONField, _ place: FieldPath, isSingle: Bool) {
        let schema = version["schema", "openAPIV3Schema"]
        if schema.isSet {
            let path = isSingle ? place.child("validation", "openAPIV3Schema") : place.child("schema", "openAPIV3Schema")
            StructuralSchemaRules.validate(schema.value ?? .null, at: path, &self)
        } else {
            report(.required(version.path.child("schema", "openAPIV3Schema")))
        }
        for (index, column) in version["additionalPrinterColumns"].items.enumerated() {
            printerColumn(column, place.child("additionalPrinterColumns").index(index))
        }
        definitionSubresources(version["subresources"], place.child("subresources"))
        let warning = version["deprecationWarning"]
        if warning.isSet, !version["deprecated"].isTrue {
            invalid(warning, "can only be set for deprecated versions")
        }
    }

    private static let columnTypes = ["boolean", "date", "integer", "number", "string"]

    private mutating func printerColumn(_ column: JSONField, _ path: FieldPath) {
        if column["name"].isEmptyText { report(.required(path.child("name"))) }
        let type = column["type"].string
        if type.isEmpty {
            report(.required(path.child("type"), "must be one of \(Self.columnTypes.joined(separator: ","))"))
        } else if !Self.columnTypes.contains(type) {
            report(
                .invalid(path.child("type"), .string(type), "must be one of \(Self.columnTypes.joined(separator: ","))"))
        }
        let jsonPath = column["jsonPath"].string
        if jsonPath.isEmpty {
            report(.required(path.child("JSONPath")))
        } else if (try? SimpleJSONPath(parsing: jsonPath)) == nil {
            report(.invalid(path.child("JSONPath"), .string(jsonPath), "must be a simple json path starting with ."))
        }
    }

    private mutating func definitionSubresources(_ subresources: JSONField, _ path: FieldPath) {
        let scale = subresources["scale"]
        guard scale.isSet else { return }
        let places: [(String, String, Bool)] = [
            ("specReplicasPath", ".spec.", true), ("statusReplicasPath", ".status.", true),
            ("labelSelectorPath", "", false),
        ]
        for (member, prefix, isRequired) in places {
            let field = scale[member]
            let place = path.child("scale", member)
            if field.isEmptyText {
                if isRequired { report(.required(place)) }
            } else if !Self.isSimplePath(field.string) {
                report(.invalid(place, field.shown, "must be a simple json path starting with ."))
            } else if isRequired, !field.string.hasPrefix(prefix) {
                report(.invalid(place, field.shown, "should be a json path under \(prefix.dropLast())"))
            } else if !isRequired, !field.string.hasPrefix(".spec."), !field.string.hasPrefix(".status.") {
                report(.invalid(place, field.shown, "should be a json path under either .status or .spec"))
            }
        }
    }

    private static func isSimplePath(_ text: String) -> Bool {
        text.hasPrefix(".") && text.count > 1 && !text.contains("[") && !text.contains("..") && !text.hasSuffix(".")
    }

    private mutating func definitionNames(_ names: JSONField) {
        for member in ["plural", "singular"] where required(names[member]) {
            named(names[member], NameValidation.dns1035Label)
        }
        for member in ["kind", "listKind"] where required(names[member]) {
            for problem in NameValidation.dns1035Label(names[member].string.lowercased()) {
                invalid(names[member], "may have mixed case, but should otherwise match: \(problem)")
            }
        }
        for name in names["shortNames"].items { named(name, NameValidation.dns1035Label) }
        if !names["kind"].isEmptyText, names["kind"].string == names["listKind"].string {
            invalid(names["listKind"], "kind and listKind may not be the same")
        }
        for name in names["categories"].items { named(name, NameValidation.dns1035Label) }
    }

    private mutating func conversion(_ conversion: JSONField) {
        guard conversion.isSet else { return }
        let strategy = conversion["strategy"]
        if strategy.isEmptyText { return report(.required(strategy.path)) }
        oneOf(strategy, ["None", "Webhook"])
        let webhook = conversion["webhook"]
        if strategy.string == "Webhook" {
            let client = webhook["clientConfig"]
            if !webhook.isSet || !client.isSet {
                report(.required(conversion["webhookClientConfig"].path, "required when strategy is set to Webhook"))
            } else if client["url"].isSet == client["service"].isSet {
                report(.required(conversion["webhookClientConfig"].path, "exactly one of url or service is required"))
            }
            if webhook["conversionReviewVersions"].items.isEmpty {
                report(.required(conversion["conversionReviewVersions"].path, "must have at least one version"))
            }
        } else if webhook.isSet {
            report(.forbidden(conversion["webhookClientConfig"].path, "should not be set when strategy is not set to Webhook"))
        }
    }

    private mutating func storedVersions(_ object: JSONField) {
        let stored = object["status", "storedVersions"]
        if stored.items.isEmpty { report(.invalid(stored.path, stored.shown, "must have at least one stored version")) }
        let versions = object["spec", "versions"].items
        for storage in versions where storage["storage"].isTrue {
            let name = storage["name"].string
            if !stored.items.isEmpty, !stored.strings.contains(name) {
                report(.invalid(stored.path, stored.shown, "must have the storage version \(name)"))
            }
        }
        let known = Set(versions.map { $0["name"].string })
        for entry in stored.items where !known.contains(entry.string) {
            invalid(entry, "must appear in spec.versions")
        }
    }

    mutating func resourceDefinitionUpdate(_ new: JSONField, _ old: JSONField) {
        let (spec, before) = (new["spec"], old["spec"])
        let isEstablished = old["status", "conditions"].items.contains {
            $0["type"].string == "Established" && $0["status"].string == "True"
        }
        if isEstablished {
            immutable(spec["scope"], before["scope"])
            immutable(spec["names", "kind"], before["names", "kind"])
        }
        immutable(spec["group"], before["group"])
        immutable(spec["names", "plural"], before["names", "plural"])
        guard errors.isEmpty else { return }
        resourceDefinition(new)
    }
}
