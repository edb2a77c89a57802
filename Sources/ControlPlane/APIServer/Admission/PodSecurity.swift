package import APIMachinery

/// The Pod Security Standards of a namespace's labels: what they enforce is refused, what they warn of is told.
package struct PodSecurity: AdmissionPlugin {
    private static let prefix = "pod-security.kubernetes.io/"

    package init() {}

    package func validate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        if attributes.isFor("namespaces"), attributes.operation != .delete { return try await checkNamespace(&attributes, objects) }
        guard attributes.operation == .create || attributes.operation == .update, let object = attributes.object,
            let pod = Self.podTemplate(object, attributes)
        else { return }
        if attributes.operation == .update, Self.podTemplate(attributes.old ?? JSONObject(), attributes) == pod { return }
        guard let namespace = try await objects.get("namespaces", name: attributes.namespace) else { return }
        let isPod = attributes.plural == "pods"
        if isPod, let (level, version) = Self.level("enforce", namespace) {
            let violations = SecurityStandards(pod).violations(of: level)
            guard violations.isEmpty else {
                throw attributes.forbidden("violates PodSecurity \"\(level):\(version)\": \(Self.text(violations))")
            }
        }
        if let (level, version) = Self.level("warn", namespace) {
            let violations = SecurityStandards(pod).violations(of: level)
            if !violations.isEmpty {
                attributes.warnings.append("would violate PodSecurity \"\(level):\(version)\": \(Self.text(violations))")
            }
        }
    }

    private static func text(_ violations: [SecurityStandards.Violation]) -> String {
        violations.map { "\($0.reason) (\($0.detail))" }.joined(separator: ", ")
    }

    /// - Returns: nil for a level that allows everything.
    private static func level(_ mode: String, _ namespace: JSONObject) -> (level: String, version: String)? {
        let labels = namespace.labels
        guard let level = labels[prefix + mode], level == "baseline" || level == "restricted" else { return nil }
        return (level, labels["\(prefix)\(mode)-version"] ?? "latest")
    }

    /// The pod, or the template of what makes pods.
    private static func podTemplate(_ object: JSONObject, _ attributes: AdmissionAttributes) -> JSONObject? {
        let path: [String]
        switch (attributes.group, attributes.plural) {
        case ("", "pods"):
            guard ["", "ephemeralcontainers"].contains(attributes.subresource) else { return nil }
            path = ["spec"]
        case ("", "podtemplates"): path = ["template", "spec"]
        case ("", "replicationcontrollers"), ("apps", "deployments"), ("apps", "replicasets"), ("apps", "statefulsets"),
            ("apps", "daemonsets"), ("batch", "jobs"):
            path = ["spec", "template", "spec"]
        case ("batch", "cronjobs"): path = ["spec", "jobTemplate", "spec", "template", "spec"]
        default: return nil
        }
        guard attributes.subresource.isEmpty || attributes.plural == "pods" else { return nil }
        return path.reduce(JSONValue.object(object) as JSONValue?) { $0?[$1] }?.objectValue
    }

    // MARK: namespaces

    private func checkNamespace(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard let namespace = attributes.object else { return }
        let problems = Self.labelProblems(namespace, attributes.old)
        guard problems.isEmpty else { throw attributes.resource.invalid(namespace.name, problems) }
        guard let old = attributes.old, let (level, version) = Self.level("enforce", namespace) else { return }
        let before = Self.level("enforce", old)
        guard before?.level != level || before?.version != version else { return }
        try await warn(ofPodsThatViolate: level, version, namespace.name, &attributes, objects)
    }

    private static func labelProblems(_ namespace: JSONObject, _ old: JSONObject?) -> [FieldError] {
        var problems: [FieldError] = []
        for mode in ["enforce", "audit", "warn"] {
            for suffix in ["", "-version"] {
                let name = prefix + mode + suffix
                guard let value = namespace.labels[name], value != old?.labels[name] else { continue }
                let path = FieldPath("metadata", "labels").key(name)
                if suffix.isEmpty, !["privileged", "baseline", "restricted"].contains(value) {
                    problems.append(.invalid(path, .string(value), "must be one of privileged, baseline, restricted"))
                }
                let isVersion = value == "latest" || value.wholeMatch(of: #/v1\.(0|[1-9]\d*)/#) != nil
                if !suffix.isEmpty, !isVersion { problems.append(.invalid(path, .string(value), "must be \"latest\" or \"v1.x\"")) }
            }
        }
        return problems
    }

    private func warn(
        ofPodsThatViolate level: String, _ version: String, _ namespace: String, _ attributes: inout AdmissionAttributes,
        _ objects: ObjectReader
    ) async throws(Status) {
        var pods: [(name: String, reasons: String)] = []
        for pod in try await objects.list("pods", namespace: namespace) {
            guard let spec = pod["spec"]?.objectValue else { continue }
            let reasons = SecurityStandards(spec).violations(of: level).map(\.reason).joined(separator: ", ")
            if !reasons.isEmpty { pods.append((pod.name, reasons)) }
        }
        guard !pods.isEmpty else { return }
        attributes.warnings.append(
            "existing pods in namespace \(namespace.quoted) violate the new PodSecurity enforce level \"\(level):\(version)\"")
        var groups: [(reasons: String, names: [String])] = []
        for pod in pods {
            if let index = groups.firstIndex(where: { $0.reasons == pod.reasons }) {
                groups[index].names.append(pod.name)
            } else {
                groups.append((pod.reasons, [pod.name]))
            }
        }
        for group in groups {
            let others = group.names.count - 1
            let tail = others == 0 ? "" : " (and \(others) other pod\(others == 1 ? "" : "s"))"
            attributes.warnings.append("\(group.names[0])\(tail): \(group.reasons)")
        }
    }
}
