internal import APIMachinery

/// What is allowed in a pod and yet probably not meant.
enum PodWarnings {
    static let warnings: @Sendable (JSONField, JSONField?) -> [String] = { new, old in
        old == nil ? ofSpec(new["spec"]) + ofAnnotations(new["metadata", "annotations"]) : []
    }

    private static func ofAnnotations(_ annotations: JSONField) -> [String] {
        let old = "seccomp.security.alpha.kubernetes.io/pod"
        guard annotations.object.index(of: old) != nil else { return [] }
        return ["\(annotations.path.key(old)): non-functional in v1.27+; use the \"seccompProfile\" field instead"]
    }

    static func ofSpec(_ spec: JSONField) -> [String] {
        var warnings: [String] = []
        for entry in spec["nodeSelector"].entries {
            guard let (version, label) = oldLabels[entry.key] else { continue }
            warnings.append("\(entry.field.path): deprecated since \(version); use \(label.quoted) instead")
        }
        for volume in spec["volumes"].items { warnings += ofVolume(volume) }
        var ports: [String: FieldPath] = [:]
        for container in spec["initContainers"].items + spec["containers"].items {
            warnings += ofContainer(container)
        }
        for container in spec["containers"].items { warnings += ofPorts(container, &ports) }
        for (index, secret) in spec["imagePullSecrets"].items.enumerated() where secret["name"].isEmptyText {
            warnings.append("\(spec["imagePullSecrets"].path.index(index).child("name")): invalid empty name \"\"")
        }
        return warnings
    }

    /// Labels of nodes that have got other names, with the release that brought them.
    private static let oldLabels = [
        "beta.kubernetes.io/arch": ("v1.14", "kubernetes.io/arch"), "beta.kubernetes.io/os": ("v1.14", "kubernetes.io/os"),
        "failure-domain.beta.kubernetes.io/region": ("v1.17", "topology.kubernetes.io/region"),
        "failure-domain.beta.kubernetes.io/zone": ("v1.17", "topology.kubernetes.io/zone"),
        "beta.kubernetes.io/instance-type": ("v1.17", "node.kubernetes.io/instance-type"),
    ]

    private static func ofVolume(_ volume: JSONField) -> [String] {
        if volume["gitRepo"].isSet {
            return ["\(volume["gitRepo"].path): deprecated in v1.11, and disabled by default in v1.33+"]
        }
        if volume["projected"].isSet, volume["projected", "sources"].items.contains(where: { $0.object.isEmpty }) {
            return ["volume \(volume["name"].string.quoted) (Projected) has no sources provided"]
        }
        return []
    }

    private static func ofContainer(_ container: JSONField) -> [String] {
        var warnings: [String] = []
        var names: Set<String> = []
        for variable in container["env"].items where !names.insert(variable["name"].string).inserted {
            warnings.append(
                "\(variable.path): hides previous definition of \(variable["name"].string.quoted), which may be dropped when using apply"
            )
        }
        for member in ["limits", "requests"] {
            for entry in container["resources", member].entries
            where entry.key == "memory" || entry.key == "ephemeral-storage" {
                guard let amount = entry.field.quantity, !amount.isInteger else { continue }
                warnings.append(
                    "\(entry.field.path): fractional byte value \(amount.description.quoted) is invalid, must be an integer")
            }
        }
        return warnings
    }

    private static func ofPorts(_ container: JSONField, _ seen: inout [String: FieldPath]) -> [String] {
        var warnings: [String] = []
        for port in container["ports"].items {
            let number = port["containerPort"].integer ?? 0
            let hostPort = port["hostPort"].integer ?? 0
            let key = "\(number)/\(hostPort)/\(port["hostIP"].string)/\(port["protocol"].string)"
            if let first = seen[key] {
                warnings.append("\(port.path): duplicate port definition with \(first)")
            } else {
                seen[key] = port.path
            }
            if !port["hostIP"].isEmptyText, hostPort == 0 {
                let shown =
                    "{Name:\(port["name"].string) HostPort:0 ContainerPort:\(number) Protocol:\(port["protocol"].string) HostIP:\(port["hostIP"].string)}"
                warnings.append("\(port.path): hostIP set without hostPort: \(shown)")
            }
        }
        return warnings
    }
}

enum WorkloadWarnings {
    static let ofTemplate: @Sendable (JSONField, JSONField?) -> [String] = { new, old in
        let template = new["spec", "template"]
        if let old, old["spec", "template"].value == template.value { return [] }
        return PodWarnings.ofSpec(template["spec"])
    }

    /// Names of pods and their hosts come from it.
    static let ofTemplateAndName: @Sendable (JSONField, JSONField?) -> [String] = { new, old in
        ofTemplate(new, old) + (old == nil ? ofName(new, limit: 63) : [])
    }

    static let ofJob: @Sendable (JSONField, JSONField?) -> [String] = { new, old in
        (old == nil ? ofName(new, limit: 63) : []) + ofTemplate(new, old)
    }

    static let ofCronJob: @Sendable (JSONField, JSONField?) -> [String] = { new, old in
        let template = new["spec", "jobTemplate", "spec", "template"]
        if let old, old["spec", "jobTemplate"].value == new["spec", "jobTemplate"].value { return [] }
        return (old == nil ? ofName(new, limit: 63) : []) + PodWarnings.ofSpec(template["spec"])
    }

    private static func ofName(_ object: JSONField, limit: Int) -> [String] {
        let name = object["metadata", "name"]
        let problems = NameValidation.dns1123Label(name.string)
        guard !problems.isEmpty else { return [] }
        return [
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [\(problems.joined(separator: " "))]"
        ]
    }
}
