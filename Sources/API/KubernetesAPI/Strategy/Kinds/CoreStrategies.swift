internal import APIMachinery

enum SecretStrategy {
    /// `stringData` is for writing only: it goes into `data` and wins.
    static let takeStringData: KindProfile.Change = { secret in
        guard let strings = secret["stringData"]?.objectValue else { return }
        secret["stringData"] = nil
        var data = secret["data"]?.objectValue ?? JSONObject()
        for member in strings.members {
            data[member.key] = .string(Base64Data(Array((member.value.stringValue ?? "").utf8)).base64)
        }
        if !data.isEmpty { secret["data"] = .object(data.sortedByKey) }
    }

    static func prepareForUpdate(_ secret: inout JSONObject, _ old: JSONObject) {
        takeStringData(&secret)
        // Older clients send no type.
        if secret.isUnset("type") { secret["type"] = old["type"] }
    }

    static func warnings(_ secret: JSONField) -> [String] {
        guard secret["type"].string == "kubernetes.io/tls", !secret["data", "tls.crt"].isEmptyText || !secret["data", "tls.key"].isEmptyText
        else { return [] }
        let certificate = Base64Data(base64: secret["data", "tls.crt"].string)?.bytes ?? []
        let text = String(decoding: certificate, as: UTF8.self)
        return text.contains("-----BEGIN ") ? [] : ["tls: failed to find any PEM data in certificate input"]
    }
}

enum NamespaceStrategy {
    static let finalizer = "kubernetes"

    static let prepareForCreate: KindProfile.Change = { namespace in
        namespace["status"] = ["phase": "Active"]
        var finalizers = namespace["spec"]?["finalizers"]?.arrayValue ?? []
        if !finalizers.contains(.string(finalizer)) { finalizers.append(.string(finalizer)) }
        namespace["spec", default: [:]]["finalizers"] = .array(finalizers)
        if let name = namespace["metadata"]?["name"] {
            namespace["metadata", default: [:]]["labels", orEmpty: ()]["kubernetes.io/metadata.name"] = name
        }
    }

    static let prepareForUpdate: KindProfile.Update = { namespace, old, subresource in
        switch subresource {
        case "": namespace["spec"] = old["spec"]  // finalizers go through their own endpoint
        case "finalize": namespace["status"] = old["status"]
        default: break
        }
    }
}

enum NodeStrategy {
    /// The first range stands in a member of its own, too.
    static let fillCIDRs: KindProfile.Change = { node in
        node.change("spec") { spec in
            let list = spec["podCIDRs"]?.arrayValue ?? []
            if let single = spec["podCIDR"], list.first != single {
                spec["podCIDRs"] = [single]
            } else if spec.isUnset("podCIDR"), let first = list.first {
                spec["podCIDR"] = first
            }
        }
    }
}

enum ServiceStrategy {
    /// One address and the list of addresses are two names of one thing.
    static let prepare: KindProfile.Change = { service in
        service.change("spec") { spec in
            if let address = spec["clusterIP"], spec.isUnset("clusterIPs") { spec["clusterIPs"] = [address] }
        }
    }

    static func prepareForUpdate(_ service: inout JSONObject, _ old: JSONObject, _ subresource: String) {
        guard subresource.isEmpty else { return }
        let before = old["spec"]
        service.change("spec") { spec in
            if spec["type"] != "ExternalName" { keepAllocated(&spec, before) }
            normalise(&spec, before)
            dropForOtherTypes(&spec, before)
        }
    }

    /// What a client leaves out of a replacement stays as it was allocated.
    private static func keepAllocated(_ spec: inout JSONObject, _ before: JSONValue?) {
        if spec.isUnset("clusterIP"), spec.isUnset("clusterIPs") {
            spec["clusterIP"] = before?["clusterIP"]
            spec["clusterIPs"] = before?["clusterIPs"]
        }
        if spec.isUnset("ipFamilies") { spec["ipFamilies"] = before?["ipFamilies"] }
        if spec.isUnset("ipFamilyPolicy") { spec["ipFamilyPolicy"] = before?["ipFamilyPolicy"] }
        guard spec["type"] != "ClusterIP", before?["type"] != "ClusterIP" else { return }
        let ports = before?["ports"]?.arrayValue ?? []
        spec.changeEach("ports") { port in
            guard port.isUnset("nodePort") else { return }
            let same = ports.first { $0["port"] == port["port"] && $0["protocol"] == port["protocol"] }
            port["nodePort"] = same?["nodePort"]
        }
        if spec["externalTrafficPolicy"] == "Local", spec.isUnset("healthCheckNodePort") {
            spec["healthCheckNodePort"] = before?["healthCheckNodePort"]
        }
    }

    private static func normalise(_ spec: inout JSONObject, _ before: JSONValue?) {
        let (old, new) = (before?["clusterIP"], spec["clusterIP"])
        let (oldList, newList) = (before?["clusterIPs"], spec["clusterIPs"])
        if old != new, oldList == newList {
            spec["clusterIPs"] = new.map { [$0] }
        } else if spec.isUnset("clusterIPs"), let new {
            spec["clusterIPs"] = [new]
        }
    }

    /// A change of type takes what only the old type had and the author did not set anew.
    private static func dropForOtherTypes(_ spec: inout JSONObject, _ before: JSONValue?) {
        guard let type = spec["type"]?.stringValue, let old = before?["type"]?.stringValue, type != old else { return }
        func drop(_ member: String) { if spec[member] == before?[member] { spec[member] = nil } }
        if type == "ExternalName" {
            for member in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] { drop(member) }
        }
        if old == "ExternalName" { drop("externalName") }
        if type == "ClusterIP" || type == "ExternalName" {
            let ports = before?["ports"]?.arrayValue ?? []
            spec.changeEach("ports") { port in
                if ports.contains(where: { $0["nodePort"] == port["nodePort"] }) { port["nodePort"] = nil }
            }
            drop("externalTrafficPolicy")
        }
        if old == "LoadBalancer" {
            for member in ["allocateLoadBalancerNodePorts", "healthCheckNodePort", "loadBalancerClass"] { drop(member) }
        }
    }
}

enum CertificateStrategy {
    static let prepareForUpdate: KindProfile.Update = { request, old, subresource in
        request["spec"] = old["spec"]
        switch subresource {
        case "": request["status"] = old["status"]
        case "approval":
            // Approval touches the conditions alone.
            let conditions = request["status"]?["conditions"]
            request["status"] = old["status"]
            request["status", default: [:]]["conditions"] = conditions
            stamp(&request, old)
        case "status": stamp(&request, old)
        default: break
        }
    }

    /// New conditions get their times.
    private static func stamp(_ request: inout JSONObject, _ old: JSONObject) {
        let now = JSONValue.string(Timestamp.now().description)
        let before = old["status"]?["conditions"]?.arrayValue ?? []
        request.change("status") { status in
            status.changeEach("conditions") { condition in
                guard !before.contains(where: { $0["type"] == condition["type"] }) else { return }
                condition.setDefault("lastUpdateTime", now)
                condition.setDefault("lastTransitionTime", now)
            }
        }
    }
}

enum DefinitionStrategy {
    static let prepareForCreate: KindProfile.Change = { definition in
        let versions = definition["spec"]?["versions"]?.arrayValue ?? []
        var status: JSONObject = ["conditions": nil, "acceptedNames": ["plural": "", "kind": ""], "storedVersions": nil]
        if let storage = versions.first(where: { $0["storage"] == true })?["name"] {
            status["storedVersions"] = [storage]
        }
        definition["status"] = .object(status)
    }

    static let prepareForUpdate: KindProfile.Update = { definition, _, subresource in
        guard subresource.isEmpty else { return }
        let versions = definition["spec"]?["versions"]?.arrayValue ?? []
        guard let storage = versions.first(where: { $0["storage"] == true })?["name"] else { return }
        definition.change("status") { status in
            var stored = status["storedVersions"]?.arrayValue ?? []
            if !stored.contains(storage) { stored.append(storage) }
            status["storedVersions"] = .array(stored)
        }
    }
}
