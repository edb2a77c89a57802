internal import APIMachinery

extension TablePrinters {
    static let network: [String: TablePrinter] = [
        "core/v1.Service": TablePrinter(
            "Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "Selector::1"
        ) { object, now in
            let spec = object["spec"]
            let address = spec["clusterIPs"].items.first ?? spec["clusterIP"]
            let ports = spec["ports"].items.map(servicePort).joined(separator: ",")
            return [
                name(object), .string(spec["type"].string), text(address, or: "<none>"),
                .string(externalAddress(object)), .string(ports.isEmpty ? "<none>" : ports), age(object, now),
                .string(labels(spec["selector"])),
            ]
        },
        "core/v1.Endpoints": TablePrinter("Name", "Endpoints", "Age") { object, now in
            [name(object), .string(endpoints(object)), age(object, now)]
        },
        "discovery/v1.EndpointSlice": TablePrinter("Name", "AddressType", "Ports", "Endpoints", "Age") { object, now in
            let addresses = object["endpoints"].items.flatMap { $0["addresses"].strings }
            return [
                name(object), .string(object["addressType"].string), .string(slicePorts(object["ports"])),
                .string(addresses.isEmpty ? "<unset>" : some(addresses, max: 3, separator: ",")), age(object, now),
            ]
        },
        "networking/v1.Ingress": TablePrinter("Name", "Class", "Hosts", "Address", "Ports", "Age") { object, now in
            let spec = object["spec"]
            let hosts = spec["rules"].items.map { $0["host"].string }.filter { !$0.isEmpty }
            let addresses = object["status", "loadBalancer", "ingress"].items.map(balancerAddress)
            return [
                name(object), text(spec["ingressClassName"], or: "<none>"),
                .string(hosts.isEmpty ? "*" : some(hosts, max: 3, separator: ",")),
                .string(addresses.filter { !$0.isEmpty }.joined(separator: ",")),
                .string(spec["tls"].items.isEmpty ? "80" : "80, 443"), age(object, now),
            ]
        },
        "networking/v1.IngressClass": TablePrinter("Name", "Controller", "Parameters", "Age") { object, now in
            let parameters = object["spec", "parameters"]
            var text = "<none>"
            if parameters.isSet {
                let group = parameters["apiGroup"].isEmptyText ? "" : ".\(parameters["apiGroup"].string)"
                text = "\(parameters["kind"].string)\(group)/\(parameters["name"].string)"
            }
            return [name(object), .string(object["spec", "controller"].string), .string(text), age(object, now)]
        },
        "networking/v1.NetworkPolicy": TablePrinter("Name", "Pod-Selector", "Age") { object, now in
            [name(object), .string(selector(object["spec", "podSelector"])), age(object, now)]
        },
        "networking/v1.IPAddress": TablePrinter("Name", "ParentRef") { object, _ in
            let parent = object["spec", "parentRef"]
            let parts = [parent["group"], parent["resource"], parent["namespace"], parent["name"]]
            let path = parts.map(\.string).filter { !$0.isEmpty }.joined(separator: "/")
            return [name(object), .string(parent.isSet ? path : "<none>")]
        },
        "networking/v1.ServiceCIDR": TablePrinter("Name", "CIDRs", "Age") { object, now in
            [name(object), .string(object["spec", "cidrs"].strings.joined(separator: ",")), age(object, now)]
        },
    ]

    private static func servicePort(_ port: JSONField) -> String {
        let (number, nodePort) = (port["port"].integer ?? 0, port["nodePort"].integer ?? 0)
        return nodePort > 0 ? "\(number):\(nodePort)/\(port["protocol"].string)" : "\(number)/\(port["protocol"].string)"
    }

    private static func balancerAddress(_ ingress: JSONField) -> String {
        ingress["ip"].isEmptyText ? ingress["hostname"].string : ingress["ip"].string
    }

    private static func externalAddress(_ service: JSONField) -> String {
        let spec = service["spec"]
        let external = spec["externalIPs"].strings
        switch spec["type"].string {
        case "LoadBalancer":
            let addresses = service["status", "loadBalancer", "ingress"].items.map(balancerAddress).filter { !$0.isEmpty }
            let all = addresses + external
            return all.isEmpty ? "<pending>" : all.joined(separator: ",")
        case "ExternalName": return spec["externalName"].string
        default: return external.isEmpty ? "<none>" : external.joined(separator: ",")
        }
    }

    private static func endpoints(_ object: JSONField) -> String {
        var texts: [String] = []
        for subset in object["subsets"].items {
            let ports = subset["ports"].items
            let addresses = subset["addresses"].items.map { $0["ip"].string }
            if ports.isEmpty { texts += addresses }
            for port in ports {
                let number = port["port"].integer ?? 0
                texts += addresses.map { $0.contains(":") ? "[\($0)]:\(number)" : "\($0):\(number)" }
            }
        }
        return texts.isEmpty ? "<none>" : some(texts, max: 3, separator: ",")
    }

    private static func slicePorts(_ ports: JSONField) -> String {
        let texts = ports.items.map { port in
            if let number = port["port"].integer { return String(number) }
            return port["name"].isEmptyText ? "*" : port["name"].string
        }
        return texts.isEmpty ? "<unset>" : some(texts, max: 3, separator: ",")
    }
}
