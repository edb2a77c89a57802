/// Names of types as Go prints them, which upstream's decoding errors show.
enum GoTypes {
    static func name(of shape: TypeGraph.Shape, in graph: TypeGraph) -> String {
        switch shape {
        case .string, .time, .microTime: "string"
        case .int32, .intOrString: "int32"
        case .int64: "int64"
        case .bool: "bool"
        case .double: "float64"
        case .bytes: "[]uint8"
        case .quantity: "resource.Quantity"
        case .any: "interface {}"
        case .list(let element): "[]" + name(of: element, in: graph)
        case .map(let element): "map[string]" + name(of: element, in: graph)
        case .object(let index): packageName(graph.nodes[index].name)
        }
    }

    /// `core/v1.Container` is `v1.Container`.
    private static func packageName(_ type: String) -> String {
        type.firstIndex(of: "/").map { String(type[type.index(after: $0)...]) } ?? type
    }

    /// `core/v1.Container` is `Container`.
    static func shortName(_ type: String) -> String {
        type.lastIndex(of: ".").map { String(type[type.index(after: $0)...]) } ?? type
    }
}

/// Structures that upstream embeds into others. Their names stand in the path of a decoding error.
enum EmbeddedStructures {
    static func name(of field: String, in type: String) -> String? {
        guard let embedded = table[type], !embedded.own.contains(field) else { return nil }
        return embedded.name
    }

    private static let table: [String: (name: String, own: Set<String>)] = {
        var table: [String: (name: String, own: Set<String>)] = [
            "core/v1.Probe": (
                "ProbeHandler",
                [
                    "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold",
                    "terminationGracePeriodSeconds",
                ]
            ),
            "core/v1.Volume": ("VolumeSource", ["name"]),
            "core/v1.PersistentVolumeSpec": (
                "PersistentVolumeSource",
                [
                    "capacity", "accessModes", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName",
                    "mountOptions", "volumeMode", "nodeAffinity", "volumeAttributesClassName",
                ]
            ),
            "core/v1.EphemeralContainer": ("EphemeralContainerCommon", ["targetContainerName"]),
            "admissionregistration/v1.RuleWithOperations": ("Rule", ["operations"]),
        ]
        for prefix in ["ConfigMap", "Secret"] {
            let own: Set<String> = ["key", "optional", "items", "defaultMode", "secretName"]
            for suffix in ["EnvSource", "KeySelector", "Projection"] {
                table["core/v1.\(prefix)\(suffix)"] = ("LocalObjectReference", own)
            }
        }
        table["core/v1.ConfigMapVolumeSource"] = ("LocalObjectReference", ["items", "defaultMode", "optional"])
        return table
    }()
}
