internal import APIMachinery

extension Validator {
    mutating func endpoints(_ object: JSONField) {
        for subset in object["subsets"].items {
            if subset["addresses"].items.isEmpty, subset["notReadyAddresses"].items.isEmpty {
                report(.required(subset.path, "must specify `addresses` or `notReadyAddresses`"))
            }
            for list in ["addresses", "notReadyAddresses"] {
                for address in subset[list].items { endpointAddress(address) }
            }
            let ports = subset["ports"].items
            for port in ports {
                if port["name"].isEmptyText {
                    if ports.count > 1 { report(.required(port["name"].path)) }
                } else {
                    named(port["name"], NameValidation.dns1123Label)
                }
                let number = port["port"].integer ?? 0
                invalid(port["port"].path, number, NameValidation.portNumber(Int(number)))
                requiredOneOf(port["protocol"], ["SCTP", "TCP", "UDP"])
            }
        }
    }

    private mutating func endpointAddress(_ address: JSONField) {
        let ip = address["ip"]
        ipAddress(ip, ip.string)
        namedIfSet(address["hostname"], NameValidation.dns1123Label)
        namedIfSet(address["nodeName"], NameValidation.dns1123Subdomain)
        if IPAddress(ip.string) == nil { invalid(ip, "must be a valid IP address") } else { nonSpecial(ip) }
    }

    mutating func endpointSlice(_ object: JSONField) {
        let type = object["addressType"]
        if type.isEmptyText { report(.required(type.path)) } else { oneOf(type, ["FQDN", "IPv4", "IPv6"]) }
        let endpoints = object["endpoints"]
        if endpoints.items.count > 1000 {
            return report(.tooMany(endpoints.path, count: endpoints.items.count, max: 1000))
        }
        for endpoint in endpoints.items { sliceEndpoint(endpoint, type.string) }
        slicePorts(object["ports"])
    }

    private mutating func sliceEndpoint(_ endpoint: JSONField, _ type: String) {
        let addresses = endpoint["addresses"]
        if addresses.items.isEmpty { report(.required(addresses.path, "must contain at least 1 address")) }
        if addresses.items.count > 100 { report(.tooMany(addresses.path, count: addresses.items.count, max: 100)) }
        for address in addresses.items { sliceAddress(address, in: addresses, type) }
        namedIfSet(endpoint["nodeName"], NameValidation.dns1123Subdomain)
        for entry in endpoint["deprecatedTopology"].entries {
            invalid(entry.field.path, entry.key, NameValidation.qualifiedName(entry.key))
        }
        namedIfSet(endpoint["hostname"], NameValidation.dns1123Label)
        let zones = endpoint["hints", "forZones"]
        if zones.items.count > 8 { report(.tooMany(zones.path, count: zones.items.count, max: 8)) }
        var seen: Set<String> = []
        for zone in zones.items {
            if !seen.insert(zone["name"].string).inserted { report(.duplicate(zone["name"].path, zone["name"].shown)) }
            named(zone["name"], NameValidation.labelValue)
        }
    }

    private mutating func sliceAddress(_ address: JSONField, in list: JSONField, _ type: String) {
        switch type {
        case "IPv4", "IPv6":
            ipAddress(address, address.string)
            guard let parsed = IPAddress(address.string) else { return }
            if parsed.isIPv4 != (type == "IPv4") {
                report(.invalid(list.path, address.shown, "must be an \(type) address"))
            }
            nonSpecial(address)
        case "FQDN": named(address, NameValidation.dns1123Subdomain)
        default: break
        }
    }

    private mutating func slicePorts(_ ports: JSONField) {
        if ports.items.count > 20_000 { return report(.tooMany(ports.path, count: ports.items.count, max: 20_000)) }
        var names: Set<String> = []
        for port in ports.items {
            namedIfSet(port["name"], NameValidation.dns1123Label)
            if !names.insert(port["name"].string).inserted {
                report(.duplicate(port["name"].path, .string(port["name"].string)))
            }
            requiredOneOf(port["protocol"], ["SCTP", "TCP", "UDP"])
            if port["appProtocol"].isSet { named(port["appProtocol"], NameValidation.qualifiedName) }
        }
    }

    mutating func endpointSliceUpdate(_ new: JSONField, _ old: JSONField) {
        immutable(new["addressType"], old["addressType"])
    }
}
