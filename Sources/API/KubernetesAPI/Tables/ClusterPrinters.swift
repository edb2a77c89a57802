internal import APIMachinery

extension TablePrinters {
    static let cluster: [String: TablePrinter] = [
        "core/v1.Namespace": TablePrinter("Name", "Status", "Age") { object, now in
            [name(object), .string(object["status", "phase"].string), age(object, now)]
        },
        "core/v1.Node": TablePrinter(
            "Name", "Status", "Roles", "Age", "Version", "Internal-IP::1", "External-IP::1", "OS-Image::1",
            "Kernel-Version::1", "Container-Runtime::1"
        ) { object, now in
            let info = object["status", "nodeInfo"]
            var kernel = info["kernelVersion"].isEmptyText ? "<unknown>" : info["kernelVersion"].string
            if !info["kernelVersion"].isEmptyText, !info["architecture"].isEmptyText {
                kernel += " (\(info["architecture"].string))"
            }
            return [
                name(object), .string(nodeStatus(object)), .string(nodeRoles(object)), age(object, now),
                .string(info["kubeletVersion"].string), .string(nodeAddress(object, "InternalIP")),
                .string(nodeAddress(object, "ExternalIP")), text(info["osImage"], or: "<unknown>"), .string(kernel),
                text(info["containerRuntimeVersion"], or: "<unknown>"),
            ]
        },
        "coordination/v1.Lease": TablePrinter("Name", "Holder", "Age") { object, now in
            [name(object), .string(object["spec", "holderIdentity"].string), age(object, now)]
        },
        "scheduling/v1.PriorityClass": TablePrinter(
            "Name", "Value:integer", "Global-Default:boolean", "Age", "PreemptionPolicy"
        ) { object, now in
            [
                name(object), count(object["value"]), .bool(object["globalDefault"].isTrue), age(object, now),
                .string(object["preemptionPolicy"].string),
            ]
        },
        "node/v1.RuntimeClass": TablePrinter("Name", "Handler", "Age") { object, now in
            [name(object), .string(object["handler"].string), age(object, now)]
        },
    ]

    private static func nodeStatus(_ node: JSONField) -> String {
        let ready = node["status", "conditions"].items.first { $0["type"].string == "Ready" }
        let word = ready.map { $0["status"].string == "True" ? "Ready" : "NotReady" } ?? "Unknown"
        return node["spec", "unschedulable"].isTrue ? word + ",SchedulingDisabled" : word
    }

    private static func nodeRoles(_ node: JSONField) -> String {
        let prefix = "node-role.kubernetes.io/"
        var roles: Set<String> = []
        for (key, value) in node["metadata", "labels"].stringMap {
            if key.hasPrefix(prefix), key.count > prefix.count { roles.insert(String(key.dropFirst(prefix.count))) }
            if key == "kubernetes.io/role", !value.isEmpty { roles.insert(value) }
        }
        return roles.isEmpty ? "<none>" : roles.sorted().joined(separator: ",")
    }

    private static func nodeAddress(_ node: JSONField, _ type: String) -> String {
        node["status", "addresses"].items.first { $0["type"].string == type }?["address"].string ?? "<none>"
    }
}
