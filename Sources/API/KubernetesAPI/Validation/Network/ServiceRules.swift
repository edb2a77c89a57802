internal import APIMachinery

extension Validator {
    /// What can be told of a service without the allocators of addresses and ports.
    mutating func service(_ object: JSONField) {
        let spec = object["spec"]
        let type = spec["type"].string
        serviceType(spec, type)
        servicePorts(spec, type)
        serviceSelector(spec["selector"])
        serviceAffinity(spec)
        clusterIPs(spec, type)
        for address in spec["externalIPs"].items {
            ipAddress(address, address.string)
            nonSpecial(address)
        }
        oneOf(spec["type"], ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"])
        appliesOnlyToLoadBalancers(spec, type)
        trafficPolicies(spec, type)
        oneOf(spec["trafficDistribution"], ["PreferClose", "PreferSameZone", "PreferSameNode"])
    }

    private mutating func serviceType(_ spec: JSONField, _ type: String) {
        guard type == "ExternalName" else { return }
        if !spec["clusterIPs"].items.isEmpty || !spec["clusterIP"].isEmptyText {
            report(.forbidden(spec["clusterIPs"].path, "may not be set for ExternalName services"))
        }
        if spec["externalName"].isEmptyText {
            report(.required(spec["externalName"].path))
        } else {
            let name = spec["externalName"].string
            let bare = name.hasSuffix(".") ? String(name.dropLast()) : name
            invalid(spec["externalName"].path, name, NameValidation.dns1123Subdomain(bare))
        }
    }

    private mutating func servicePorts(_ spec: JSONField, _ type: String) {
        let ports = spec["ports"].items
        let isHeadless = spec["clusterIP"].string == "None"
        if ports.isEmpty, !isHeadless, type != "ExternalName" { report(.required(spec["ports"].path)) }
        var names: Set<String> = []
        for port in ports { servicePort(port, needsName: ports.count > 1, isHeadless: isHeadless, &names) }
        var seen: Set<String> = []
        for port in ports {
            let key = "\(port["protocol"].string)/\(port["port"].integer ?? 0)"
            if !seen.insert(key).inserted {
                let shown: JSONValue = [
                    "Name": "", "Protocol": .string(port["protocol"].string), "AppProtocol": nil,
                    "Port": .integer(port["port"].integer ?? 0), "TargetPort": 0, "NodePort": 0,
                ]
                report(.duplicate(port.path, shown))
            }
            if type == "ClusterIP", port["nodePort"].isSet {
                report(.forbidden(port["nodePort"].path, "may not be used when `type` is 'ClusterIP'"))
            }
        }
    }

    private mutating func servicePort(
        _ port: JSONField, needsName: Bool, isHeadless: Bool, _ names: inout Set<String>
    ) {
        let name = port["name"]
        if name.isEmptyText {
            if needsName { report(.required(name.path)) }
        } else {
            named(name, NameValidation.dns1123Label)
            if !names.insert(name.string).inserted { report(.duplicate(name.path, name.shown)) }
        }
        invalid(port["port"].path, port["port"].integer ?? 0, NameValidation.portNumber(Int(port["port"].integer ?? 0)))
        if port["protocol"].isEmptyText {
            report(.required(port["protocol"].path))
        } else {
            oneOf(port["protocol"], ["SCTP", "TCP", "UDP"])
        }
        self.port(port["targetPort"])
        if port["appProtocol"].isSet { named(port["appProtocol"], NameValidation.qualifiedName) }
    }

    private mutating func serviceSelector(_ selector: JSONField) {
        labels(selector.stringMap, selector.path)
    }

    private mutating func serviceAffinity(_ spec: JSONField) {
        let affinity = spec["sessionAffinity"]
        if affinity.isEmptyText { report(.required(affinity.path)) } else { oneOf(affinity, ["ClientIP", "None"]) }
        let config = spec["sessionAffinityConfig"]
        if affinity.string == "ClientIP" {
            let timeout = config["clientIP", "timeoutSeconds"]
            guard timeout.isSet else { return report(.required(timeout.path)) }
            if !(1...86_400).contains(timeout.integer ?? 0) {
                invalid(timeout, "must be greater than 0 and less than 86400")
            }
        } else if affinity.string == "None", config.isSet {
            report(.forbidden(config.path, "must not be set when session affinity is None"))
        }
    }

    // MARK: Addresses

    private mutating func clusterIPs(_ spec: JSONField, _ type: String) {
        guard type != "ExternalName" else { return }
        let (single, list) = (spec["clusterIP"], spec["clusterIPs"])
        let addresses = list.items
        if !addresses.isEmpty || !single.isEmptyText {
            if addresses.first?.string ?? "" != single.string { invalid(list, "first value must match `clusterIP`") }
        }
        for address in addresses where address.string != "None" && !address.isEmptyText {
            ipAddress(address, address.string)
        }
        if single.string == "None", type == "LoadBalancer" || type == "NodePort" {
            report(
                .invalid(list.path.index(0), "None", "may not be set to 'None' for \(type) services"))
        }
        families(spec)
    }

    private mutating func families(_ spec: JSONField) {
        let families = spec["ipFamilies"].items
        var seen: Set<String> = []
        for family in families {
            oneOf(family, ["IPv4", "IPv6"])
            if !seen.insert(family.string).inserted { report(.duplicate(family.path, family.shown)) }
        }
        oneOf(spec["ipFamilyPolicy"], ["PreferDualStack", "RequireDualStack", "SingleStack"])
        for (index, address) in spec["clusterIPs"].items.enumerated() where index < families.count {
            guard let parsed = IPAddress(address.string) else { continue }
            let expected = families[index].string
            if expected != (parsed.isIPv4 ? "IPv4" : "IPv6") {
                invalid(address, "expected an \(expected) value as indicated by `ipFamilies[\(index)]`")
            }
        }
    }

    /// - Parameter text: Without leading zeros, in canonical form for IPv6.
    mutating func ipAddress(_ field: JSONField, _ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let hasLeadingZeros =
            parts.count == 4 && parts.allSatisfy { UInt8($0) != nil } && parts.contains { $0.count > 1 && $0.first == "0" }
        if hasLeadingZeros { return invalid(field, "must not have leading 0s") }
        invalid(field.path, text, NameValidation.ipAddress(text))
    }

    /// No loopback, link-local or unspecified address.
    mutating func nonSpecial(_ field: JSONField) {
        guard let address = IPAddress(field.string) else { return }
        let bytes = address.bytes
        if bytes.allSatisfy({ $0 == 0 }) {
            invalid(field, "may not be unspecified (\(address.isIPv4 ? "0.0.0.0" : "::"))")
        }
        let isLoopback: Bool
        let isLinkLocal: Bool
        let isMulticast: Bool
        if address.isIPv4 {
            isLoopback = bytes[0] == 127
            isLinkLocal = bytes.starts(with: [169, 254])
            isMulticast = bytes.starts(with: [224, 0, 0])
        } else {
            isLoopback = bytes == [UInt8](repeating: 0, count: 15) + [1]
            isLinkLocal = bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80
            isMulticast = bytes[0] == 0xff && bytes[1] & 0x0f == 2
        }
        if isLoopback { invalid(field, "may not be in the loopback range (127.0.0.0/8, ::1/128)") }
        if isLinkLocal { invalid(field, "may not be in the link-local range (169.254.0.0/16, fe80::/10)") }
        if isMulticast { invalid(field, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)") }
    }

    // MARK: Load balancers and policies

    private mutating func appliesOnlyToLoadBalancers(_ spec: JSONField, _ type: String) {
        let detail = "may only be used when `type` is 'LoadBalancer'"
        let ranges = JSONField(spec["loadBalancerSourceRanges"].value, spec.path.child("LoadBalancerSourceRanges"))
        if ranges.isSet {
            if type != "LoadBalancer" { report(.forbidden(ranges.path, detail)) }
            for range in ranges.items { cidr(range, trimmed: true) }
        }
        if type != "LoadBalancer", spec["allocateLoadBalancerNodePorts"].isSet {
            report(.forbidden(spec["allocateLoadBalancerNodePorts"].path, detail))
        }
        if type == "LoadBalancer", !spec["allocateLoadBalancerNodePorts"].isSet {
            report(.required(spec["allocateLoadBalancerNodePorts"].path))
        }
        let name = spec["loadBalancerClass"]
        if name.isSet {
            if type != "LoadBalancer" { report(.forbidden(name.path, detail)) } else { named(name, NameValidation.qualifiedName) }
        }
    }

    private mutating func trafficPolicies(_ spec: JSONField, _ type: String) {
        let external = spec["externalTrafficPolicy"]
        let isReachable =
            type == "NodePort" || type == "LoadBalancer" || (type == "ClusterIP" && !spec["externalIPs"].items.isEmpty)
        if external.isSet {
            if !isReachable {
                invalid(external, "may only be set for externally-accessible services")
            } else {
                oneOf(external, ["Cluster", "Local"])
            }
        } else if isReachable {
            report(.required(external.path))
        }
        let check = spec["healthCheckNodePort"]
        if check.isSet {
            if type != "LoadBalancer" || external.string != "Local" {
                invalid(
                    check, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'")
            } else {
                invalid(check.path, check.integer ?? 0, NameValidation.portNumber(Int(check.integer ?? 0)))
            }
        }
        if ["ClusterIP", "NodePort", "LoadBalancer"].contains(type) {
            if spec["internalTrafficPolicy"].isSet {
                oneOf(spec["internalTrafficPolicy"], ["Cluster", "Local"])
            } else {
                report(.required(spec["internalTrafficPolicy"].path))
            }
        }
    }

    // MARK: Update

    mutating func serviceUpdate(_ new: JSONField, _ old: JSONField) {
        let (spec, before) = (new["spec"], old["spec"])
        guard spec["type"].string != "ExternalName", before["type"].string != "ExternalName" else { return }
        guard errors.isEmpty else { return }
        let (list, previous) = (spec["clusterIPs"], before["clusterIPs"])
        if let first = previous.strings.first, !first.isEmpty, list.strings.first != first {
            report(.invalid(list.path.index(0), list.shown, "may not change once set"))
        }
        if before["type"].string == "LoadBalancer", spec["type"].string == "LoadBalancer",
            before["loadBalancerClass"].value != spec["loadBalancerClass"].value
        {
            invalid(spec["loadBalancerClass"], "may not change once set")
        }
    }
}
