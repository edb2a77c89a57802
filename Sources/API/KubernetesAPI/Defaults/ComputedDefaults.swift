internal import APIMachinery

/// Defaults that depend on other fields, by type. They run after the type's table and before those of its members.
enum ComputedDefaults {
    typealias Rule = @Sendable (inout JSONObject) -> Void

    static let table: [String: Rule] = core.merging(workloads) { first, _ in first }.merging(others) { first, _ in first }

    private static let others: [String: Rule] = [
        "networking/v1.NetworkPolicySpec": { spec in
            guard spec.isUnset("policyTypes") else { return }
            let hasEgress = !(spec["egress"]?.arrayValue ?? []).isEmpty
            spec["policyTypes"] = hasEgress ? ["Ingress", "Egress"] : ["Ingress"]
        },
        "rbac/v1.Subject": { subject in
            guard subject.isUnset("apiGroup") else { return }
            switch subject["kind"]?.stringValue {
            case "User", "Group": subject["apiGroup"] = "rbac.authorization.k8s.io"
            default: break
            }
        },
        "apiextensions/v1.CustomResourceDefinitionNames": { names in
            guard let kind = names["kind"]?.stringValue, !kind.isEmpty else { return }
            names.setDefault("singular", .string(kind.lowercased()))
            names.setDefault("listKind", .string(kind + "List"))
        },
        "apiextensions/v1.CustomResourceDefinition": { definition in
            // The storage version of a new definition is a stored one from the start.
            let versions = definition["spec"]?["versions"]?.arrayValue ?? []
            guard let storage = versions.first(where: { $0["storage"] == true })?["name"] else { return }
            definition.change("status") { $0.setDefault("storedVersions", .array([storage])) }
        },
        "flowcontrol/v1.PriorityLevelConfigurationSpec": { spec in
            if spec["type"] == "Exempt" { spec.setDefault("exempt", [:]) }
        },
    ]
}

extension ComputedDefaults {
    static let core: [String: Rule] = [
        "core/v1.Namespace": { namespace in
            guard let name = namespace["metadata"]?["name"]?.stringValue, !name.isEmpty else { return }
            namespace["metadata", default: [:]]["labels", orEmpty: ()]["kubernetes.io/metadata.name"] = .string(name)
        },
        "core/v1.Container": setImagePullPolicy,
        "core/v1.EphemeralContainer": setImagePullPolicy,
        "core/v1.ImageVolumeSource": { volume in
            volume.setDefault("pullPolicy", pullPolicy(image: volume["reference"]?.stringValue))
        },
        "core/v1.Volume": { volume in
            if volume.count == 1, volume.index(of: "name") != nil { volume["emptyDir"] = [:] }
        },
        "core/v1.ResourceRequirements": { resources in
            roundToMilli(&resources, "limits")
            roundToMilli(&resources, "requests")
        },
        "core/v1.PersistentVolumeSpec": { roundToMilli(&$0, "capacity") },
        "core/v1.NodeStatus": { status in
            roundToMilli(&status, "capacity")
            if let capacity = status["capacity"] { status.setDefault("allocatable", capacity) }
            roundToMilli(&status, "allocatable")
        },
        "core/v1.ResourceQuotaSpec": { roundToMilli(&$0, "hard") },
        "core/v1.LimitRangeItem": setLimits,
        "core/v1.PodSpec": setPodSpec,
        "core/v1.Pod": { pod in pod.change("spec", setPod) },
        "core/v1.LoadBalancerIngress": { ingress in
            if !ingress.isUnset("ip") { ingress.setDefault("ipMode", "VIP") }
        },
        "core/v1.ReplicationController": setReplicationController,
        "core/v1.ServiceSpec": setService,
        "core/v1.ServicePort": { port in
            let target = port["targetPort"]
            if target == nil || target == .integer(0) || target == "" { port["targetPort"] = port["port"] ?? 0 }
        },
        "core/v1.PersistentVolumeClaimSpec": { claim in
            // Two names of one thing: the older fills the newer and the other way round.
            if let source = claim["dataSource"] {
                claim.setDefault("dataSourceRef", source)
            } else if let reference = claim["dataSourceRef"], reference["namespace"] == nil,
                ["PersistentVolumeClaim", "VolumeSnapshot"].contains(reference["kind"]?.stringValue ?? "")
            {
                claim["dataSource"] = reference
            }
        },
    ]

    private static let setImagePullPolicy: Rule = { container in
        container.setDefault("imagePullPolicy", pullPolicy(image: container["image"]?.stringValue))
    }

    private static func pullPolicy(image: String?) -> JSONValue {
        ImageTag.of(image ?? "") == "latest" ? "Always" : "IfNotPresent"
    }

    /// Nothing finer than a thousandth is kept of a resource. Only such amounts end in `n`, `u` or a negative exponent.
    private static func roundToMilli(_ object: inout JSONObject, _ key: String) {
        object.change(key) { amounts in
            for member in amounts.members {
                guard let text = member.value.stringValue, let last = text.utf8.last,
                    last == UInt8(ascii: "n") || last == UInt8(ascii: "u") || text.contains("e-"),
                    let amount = try? Quantity(parsing: text)
                else { continue }
                amounts[member.key] = .string(amount.roundedUpToMilli.description)
            }
        }
    }

    /// A container's default limit is its maximum; its default request is its default limit, else its minimum.
    private static let setLimits: Rule = { item in
        guard item["type"] == "Container" else { return }
        func fill(_ target: String, from source: String) {
            guard let amounts = item[source]?.objectValue else { return }
            var object = item[target]?.objectValue ?? JSONObject()
            for member in amounts.members { object.setDefault(member.key, member.value) }
            if !object.isEmpty { item[target] = .object(object) }
        }
        fill("default", from: "max")
        fill("defaultRequest", from: "default")
        fill("defaultRequest", from: "min")
    }

    private static let setPodSpec: Rule = { spec in
        // Two names of one field; the older one stays readable.
        let account = spec["serviceAccountName"] ?? spec["serviceAccount"]
        spec["serviceAccountName"] = account
        spec["serviceAccount"] = account
        guard spec["hostNetwork"] == true else { return }
        for list in ["containers", "initContainers"] {
            spec.changeEach(list) { container in
                container.changeEach("ports") { port in
                    if let number = port["containerPort"] { port.setDefault("hostPort", number) }
                }
            }
        }
    }

    /// What a pod gets and a template does not.
    private static let setPod: Rule = { spec in
        spec.setDefault("enableServiceLinks", true)
        for list in ["containers", "initContainers"] {
            spec.changeEach(list) { container in
                container.change("resources") { setRequests(&$0) { _ in nil } }
            }
        }
        let containers = spec["containers"]?.arrayValue ?? []
        spec.change("resources") { resources in
            setRequests(&resources) { name in
                guard name == "cpu" || name == "memory" || name.hasPrefix("hugepages-") else { return .zero }
                let requests = containers.compactMap { container in
                    container["resources"]?["requests"]?[name]?.stringValue.flatMap { try? Quantity(parsing: $0) }
                }
                return requests.isEmpty ? nil : requests.reduce(.zero, +)
            }
        }
    }

    /// A limit without a request asks for as much as it allows.
    ///
    /// - Parameter sum: What else to ask for: nil for the limit, zero for nothing at all.
    private static func setRequests(_ resources: inout JSONObject, _ sum: (String) -> Quantity?) {
        guard let limits = resources["limits"]?.objectValue, !limits.isEmpty else { return }
        var requests = resources["requests"]?.objectValue ?? JSONObject()
        for member in limits.members where requests.isUnset(member.key) {
            switch sum(member.key) {
            case .some(let amount) where amount.isZero: continue
            case .some(let amount): requests[member.key] = .string(amount.description)
            case nil: requests[member.key] = member.value
            }
        }
        if !requests.isEmpty { resources["requests"] = .object(requests.sortedByKey) }
    }

    private static let setReplicationController: Rule = { controller in
        guard let labels = controller["spec"]?["template"]?["metadata"]?["labels"] else { return }
        controller.change("spec") { $0.setDefault("selector", labels) }
        controller["metadata", default: [:]]["labels", orEmpty: ()] = controller["metadata"]?["labels"] ?? labels
    }

    /// Families and addresses are the allocator's to fill in.
    private static let setService: Rule = { spec in
        let type = spec["type"]?.stringValue ?? "ClusterIP"
        let isExternal = type == "NodePort" || type == "LoadBalancer"
        if spec["sessionAffinity"] == "ClientIP" {
            spec.setDefault("sessionAffinityConfig", [:])
            spec.change("sessionAffinityConfig") { $0.setDefault("clientIP", [:]) }
        } else {
            spec["sessionAffinityConfig"] = nil
        }
        let hasExternalIPs = !(spec["externalIPs"]?.arrayValue ?? []).isEmpty
        if isExternal || (type == "ClusterIP" && hasExternalIPs) { spec.setDefault("externalTrafficPolicy", "Cluster") }
        if isExternal || type == "ClusterIP" { spec.setDefault("internalTrafficPolicy", "Cluster") }
        if type == "LoadBalancer" { spec.setDefault("allocateLoadBalancerNodePorts", true) }
    }
}

extension ComputedDefaults {
    static let workloads: [String: Rule] = [
        "apps/v1.DeploymentStrategy": { strategy in
            if strategy["type"] == "RollingUpdate" { strategy.setDefault("rollingUpdate", [:]) }
        },
        "apps/v1.DaemonSetUpdateStrategy": { strategy in
            if strategy["type"] == "RollingUpdate" { strategy.setDefault("rollingUpdate", [:]) }
        },
        "apps/v1.StatefulSetUpdateStrategy": { strategy in
            if strategy["type"] == "RollingUpdate" { strategy.setDefault("rollingUpdate", [:]) }
        },
        "apps/v1.StatefulSetSpec": { spec in
            // Templates of claims are written as whole objects.
            spec.changeEach("volumeClaimTemplates") { claim in
                claim.setDefault("kind", "PersistentVolumeClaim")
                claim.setDefault("apiVersion", "v1")
            }
        },
        "batch/v1.Job": { job in
            job.change("spec", jobSpec)
            // A job takes its template's labels where it has none.
            guard let labels = job["spec"]?["template"]?["metadata"]?["labels"] else { return }
            job["metadata", default: [:]]["labels", orEmpty: ()] = job["metadata"]?["labels"] ?? labels
        },
        "autoscaling/v1.HorizontalPodAutoscaler": { autoscaler in
            let metrics = autoscaler["metadata"]?["annotations"]?["autoscaling.alpha.kubernetes.io/metrics"]
            guard metrics == nil else { return }
            autoscaler.change("spec") { $0.setDefault("targetCPUUtilizationPercentage", 80) }
        },
        "autoscaling/v2.HorizontalPodAutoscalerBehavior": { behavior in
            behavior["scaleUp"] = .object(scalingRules(behavior["scaleUp"], scaleUp))
            behavior["scaleDown"] = .object(scalingRules(behavior["scaleDown"], scaleDown))
        },
    ]

    /// Defaults of a job that is served; those of a CronJob's template stay open until the job is made.
    private static let jobSpec: Rule = { spec in
        if spec.isUnset("completions"), spec.isUnset("parallelism") { spec["completions"] = 1 }
        spec.setDefault("parallelism", 1)
        spec.setDefault("backoffLimit", spec.isUnset("backoffLimitPerIndex") ? 6 : .integer(Int64(Int32.max)))
        spec.setDefault("completionMode", "NonIndexed")
        spec.setDefault("suspend", false)
        spec.setDefault("podReplacementPolicy", spec.isUnset("podFailurePolicy") ? "TerminatingOrFailed" : "Failed")
        spec.setDefault("manualSelector", false)
    }

    private static let scaleUp: JSONObject = [
        "stabilizationWindowSeconds": 0, "selectPolicy": "Max",
        "policies": [
            ["type": "Pods", "value": 4, "periodSeconds": 15], ["type": "Percent", "value": 100, "periodSeconds": 15],
        ],
    ]
    private static let scaleDown: JSONObject = [
        "selectPolicy": "Max", "policies": [["type": "Percent", "value": 100, "periodSeconds": 15]],
    ]

    private static func scalingRules(_ given: JSONValue?, _ defaults: JSONObject) -> JSONObject {
        guard let given = given?.objectValue else { return defaults }
        var rules = defaults
        for member in given.members where !member.value.isNull { rules[member.key] = member.value }
        return rules
    }
}

extension JSONValue {
    /// The member of an object as an object to change in place; absent or null, it begins as an empty one.
    subscript(key: String, orEmpty marker: Void) -> JSONValue {
        get { self[key] ?? [:] }
        set { self[key] = newValue }
    }
}

extension JSONObject {
    /// Keys in the order of their bytes, as Go writes maps.
    var sortedByKey: JSONObject {
        JSONObject(members: members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
    }
}
