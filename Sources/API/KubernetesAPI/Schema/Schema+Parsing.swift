internal import APIMachinery

/// The tables are text with one line for a type or a field, parts separated by tabs:
///
///     @core/v1.Pod   gvk=|v1|Pod                     a type; mt= map type, u= union, t= format
///     containers     []core/v1.Container  r  p=2 …   a field of the type above
///
/// Flags of a field: `r` required, `ptr` pointer, `p` protobuf number, `l` list type, `k` list map keys, `mt` map type,
/// `ps` patch strategies, `mk` merge key, `e` closed values, `kv` known values, `d` default, `s` since.
extension Schema {
    init(parsing tables: [String]) {
        var types: [TypeSchema] = []
        for table in tables {
            for line in table.split(separator: "\n") {
                let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
                if line.first == "@" {
                    types.append(TypeSchema(parts: parts))
                } else {
                    types[types.count - 1].fields.append(FieldSchema(parts: parts))
                }
            }
        }
        self.init(types: types)
    }
}

/// Cuts `key=value`; a flag has an empty value.
private func keyAndValue(_ part: Substring) -> (key: Substring, value: Substring) {
    guard let equals = part.firstIndex(of: "=") else { return (part, "") }
    return (part[..<equals], part[part.index(after: equals)...])
}

private func list(_ value: Substring) -> [String] {
    value.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
}

extension TypeSchema {
    fileprivate init(parts: [Substring]) {
        self.init(name: String(parts[0].dropFirst()))
        for part in parts.dropFirst() {
            let (key, value) = keyAndValue(part)
            switch key {
            case "mt": isAtomic = value == "atomic"
            case "t": format = String(value)
            case "gvk":
                let names = list(value)
                kinds.append(GroupVersionKind(group: names[0], version: names[1], kind: names[2]))
            case "u":
                let names = list(value)
                let members = names.dropFirst().map { $0.split(separator: ":").map(String.init) }
                unions.append(
                    Union(
                        discriminator: names[0],
                        members: Dictionary(uniqueKeysWithValues: members.map { ($0[0], $0[1]) })))
            default: preconditionFailure("schema table: type \(name): unknown part \(part)")
            }
        }
    }
}

extension FieldSchema {
    fileprivate init(parts: [Substring]) {
        self.init(name: String(parts[0]), type: FieldType(parts[1]))
        for part in parts.dropFirst(2) {
            let (key, value) = keyAndValue(part)
            switch key {
            case "r": isRequired = true
            case "ptr": isPointer = true
            case "p": protobufNumber = Int(value)
            case "l": listType = ListType(rawValue: String(value))
            case "k": listMapKeys = list(value)
            case "mt": isAtomicMap = value == "atomic"
            case "ps": patchStrategies = value.split(separator: ",").map(String.init)
            case "mk": patchMergeKey = String(value)
            case "e": enumValues = list(value)
            case "kv": knownValues = list(value)
            case "d": defaultText = String(value)
            case "s": since = String(value)
            default: preconditionFailure("schema table: field \(name): unknown part \(part)")
            }
        }
    }
}

extension FieldType {
    fileprivate init(_ text: Substring) {
        switch text {
        case "string": self = .string
        case "int32": self = .int32
        case "int64", "int": self = .int64
        case "bool": self = .bool
        case "double": self = .double
        case "bytes": self = .bytes
        case "time": self = .time
        case "microtime": self = .microTime
        case "quantity": self = .quantity
        case "intorstring": self = .intOrString
        case "any", "object": self = .any
        case _ where text.hasPrefix("[]"): self = .list(FieldType(text.dropFirst(2)))
        case _ where text.hasPrefix("map[string]"): self = .map(FieldType(text.dropFirst("map[string]".count)))
        default: self = .type(String(text))
        }
    }
}
