package import APIMachinery
internal import KubernetesAPI

/// What the kernel will get of a pod that nobody has started: the declaration alone, with the formulas that lead to its values.
package struct PodPlan: Sendable {
    /// `NAMESPACE/NAME`
    package let pod: String
    package let qosClass: String
    /// Of all containers, in the manifest's order, and of the pod.
    package let items: [Expectation]
    private let places: [String]

    /// - Parameter facts: With all containers of the manifest, though none has a process.
    package init(_ facts: PodFacts) {
        let declaration = Declaration(facts)
        let metadata = facts.pod.metadata
        pod = "\(metadata.namespace ?? "default")/\(metadata.name ?? "")"
        qosClass = declaration.qos.rawValue
        items = declaration.expectations
        places = facts.containers.map(\.name) + ["pod"]
    }

    // MARK: For people

    /// By container, then by part of the tree. What nobody asked for, and the kernel has anyway, is only counted.
    package var text: String {
        var lines = ["\(pod): QoS class \(qosClass)"]
        for place in places {
            let own = items.filter { $0.path.hasPrefix(place + "/") || $0.path.hasPrefix(place + "[") }
            let asked = own.filter { !$0.isDefault }
            guard !own.isEmpty else { continue }
            lines += ["", place]
            var part = ""
            for item in asked {
                let (next, name) = Self.split(item.path, below: place)
                if next != part {
                    part = next
                    lines.append("  \(part)")
                }
                let origin = item.formula.isEmpty ? "" : "   (\(item.formula))"
                lines.append("    \(name)  \(item.wanted.text)\(origin)")
            }
            if own.count > asked.count { lines.append("  and \(own.count - asked.count) defaults of the kernel, which -o json shows") }
        }
        return lines.joined(separator: "\n")
    }

    /// `cgroup` and `memory.max` of `web/cgroup/memory.max`; `mounts` and `/data: type` of `web/mounts[/data]/type`.
    private static func split(_ path: String, below place: String) -> (part: String, name: String) {
        let rest = path.dropFirst(place.count + 1)
        let part = rest.prefix { $0 != "/" && $0 != "[" }
        let name = rest.dropFirst(part.count)
        guard name.first == "[" else { return (String(part), name.isEmpty ? "all" : String(name.dropFirst())) }
        return (String(part), name.dropFirst().split(separator: "]", maxSplits: 1).joined(separator: ":").replacing(":/", with: ": "))
    }

    // MARK: For machines

    /// `{"pod", "qosClass", "items": [{"path", "wanted", "why", "formula", "default"}]}`
    package var json: JSONValue {
        let items = items.map { item -> JSONValue in
            var object = JSONObject()
            object["path"] = .string(item.path)
            object["wanted"] = .string(item.wanted.text)
            object["why"] = .string(item.why)
            if !item.formula.isEmpty { object["formula"] = .string(item.formula) }
            object["default"] = .bool(item.isDefault)
            return .object(object)
        }
        return ["pod": .string(pod), "qosClass": .string(qosClass), "items": .array(items)]
    }
}
