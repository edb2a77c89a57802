internal import APIMachinery

/// Rules of Ingress, IngressClass and NetworkPolicy.
extension Validator {
    private static let classAnnotation = "kubernetes.io/ingress.class"

    /// - Parameter isNew: An update may leave class and annotation side by side.
    mutating func ingress(_ object: JSONField, isNew: Bool) {
        let spec = object["spec"]
        if spec["rules"].items.isEmpty, !spec["defaultBackend"].isSet {
            report(
                .invalid(
                    spec.path, GoValue.of(spec.value, type: "networking/v1.IngressSpec"),
                    "either `defaultBackend` or `rules` must be specified"))
        }
        if spec["defaultBackend"].isSet { ingressBackend(spec["defaultBackend"]) }
        for rule in spec["rules"].items { ingressRule(rule) }
        for secret in spec["tls"].items {
            for host in secret["hosts"].items { ingressHost(host) }
            namedIfSet(secret["secretName"], NameValidation.dns1123Subdomain)
        }
        if spec["ingressClassName"].isSet { named(spec["ingressClassName"], NameValidation.dns1123Subdomain) }
        let annotation = object["metadata", "annotations"][Self.classAnnotation]
        if isNew, annotation.isSet, spec["ingressClassName"].isSet, annotation.string != spec["ingressClassName"].string {
            report(
                .invalid(
                    FieldPath("annotations", Self.classAnnotation), annotation.shown,
                    "must match `ingressClassName` when both are specified"))
        }
    }

    private mutating func ingressHost(_ host: JSONField) {
        if host.string.contains("*") {
            if host.string.hasPrefix("*."), NameValidation.dns1123Subdomain(String(host.string.dropFirst(2))).isEmpty {
                return
            }
            invalid(host, Self.wildcardForm)
        } else {
            named(host, NameValidation.dns1123Subdomain)
        }
    }

    private static let wildcardForm =
        #"a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"#

    private mutating func ingressRule(_ rule: JSONField) {
        let host = rule["host"]
        if !host.isEmptyText {
            if IPAddress(host.string) != nil { invalid(host, "must be a DNS name, not an IP address") }
            ingressHost(host)
        }
        guard rule["http"].isSet else { return }
        let paths = rule["http", "paths"]
        if paths.items.isEmpty { report(.required(paths.path)) }
        for path in paths.items { ingressPath(path) }
    }

    private mutating func ingressPath(_ entry: JSONField) {
        let (type, path) = (entry["pathType"], entry["path"])
        if type.isSet {
            switch type.string {
            case "Exact", "Prefix": absolutePath(path)
            case "ImplementationSpecific":
                if !path.isEmptyText, !path.string.hasPrefix("/") { invalid(path, "must be an absolute path") }
            default: oneOf(type, ["Exact", "ImplementationSpecific", "Prefix"])
            }
        } else {
            report(.required(type.path, "pathType must be specified"))
        }
        ingressBackend(entry["backend"])
    }

    private mutating func absolutePath(_ path: JSONField) {
        guard path.string.hasPrefix("/") else { return invalid(path, "must be an absolute path") }
        for sequence in ["//", "/./", "/../", "%2f", "%2F"] where path.string.contains(sequence) {
            invalid(path, "must not contain '\(sequence)'")
        }
        for suffix in ["/..", "/."] where path.string.hasSuffix(suffix) {
            invalid(path, "must not end with '\(suffix)'")
        }
    }

    private mutating func ingressBackend(_ backend: JSONField) {
        let (service, resource) = (backend["service"], backend["resource"])
        switch (service.isSet, resource.isSet) {
        case (true, true):
            report(.invalid(backend.path, "", "cannot set both resource and service backends"))
        case (false, true):
            for name in ["kind", "name"] { required(resource[name]) }
        case (true, false):
            if required(service["name"]) { named(service["name"], NameValidation.dns1035LabelOr1123) }
            let (name, number) = (service["port", "name"], service["port", "number"])
            if !name.isEmptyText, number.isSet {
                report(.invalid(backend.path, "", "cannot set both port name & port number"))
            } else if !name.isEmptyText {
                invalid(service["port", "name"].path, name.string, NameValidation.portName(name.string))
            } else if let port = number.integer {
                invalid(number.path, port, NameValidation.portNumber(Int(port)))
            } else {
                report(.required(backend.path, "port name or number is required"))
            }
        case (false, false):
            report(.invalid(backend.path, "", "resource or service backend is required"))
        }
    }

    mutating func ingressClass(_ object: JSONField) {
        let controller = object["spec", "controller"]
        if required(controller) {
            if controller.string.utf8.count > 250 { report(.tooLong(controller.path, maxBytes: 250)) }
            domainPrefixedPath(controller)
        }
        let parameters = object["spec", "parameters"]
        guard parameters.isSet else { return }
        namedIfSet(parameters["apiGroup"], NameValidation.dns1123Subdomain)
        for name in ["kind", "name"] where required(parameters[name]) {
            named(parameters[name], NameValidation.pathSegment)
        }
        let scope = parameters["scope"]
        oneOf(scope, ["Cluster", "Namespace"])
        if scope.string == "Namespace", parameters["namespace"].isEmptyText {
            report(.required(parameters["namespace"].path, "`parameters.scope` is set to 'Namespace'"))
        } else if scope.string == "Cluster", parameters["namespace"].isSet {
            report(.forbidden(parameters["namespace"].path, "`parameters.scope` is set to 'Cluster'"))
        }
    }

    mutating func domainPrefixedPath(_ field: JSONField) {
        let parts = field.string.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            return invalid(field, "must be a domain-prefixed path (such as \"acme.io/foo\")")
        }
        invalid(field.path, parts[0], NameValidation.dns1123Subdomain(parts[0]))
    }

    mutating func ingressClassUpdate(_ new: JSONField, _ old: JSONField) {
        immutable(new["spec", "controller"], old["spec", "controller"])
    }

    // MARK: NetworkPolicy

    mutating func networkPolicy(_ object: JSONField) {
        let spec = object["spec"]
        labelSelector(spec["podSelector"])
        for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
            for rule in spec[direction].items {
                for port in rule["ports"].items { policyPort(port) }
                for peer in rule[peers].items { policyPeer(peer) }
            }
        }
        let types = spec["policyTypes"]
        if types.items.count > 2 {
            return report(.invalid(types.path, types.shown, "may not specify more than two policyTypes"))
        }
        for type in types.items { oneOf(type, ["Ingress", "Egress"]) }
    }

    private mutating func policyPort(_ entry: JSONField) {
        oneOf(entry["protocol"], ["TCP", "UDP", "SCTP"])
        let (port, end) = (entry["port"], entry["endPort"])
        if port.isSet {
            if case .string = port.value {
                if end.isSet { invalid(end, "may not be specified when `port` is non-numeric") }
            } else if let last = end.integer, let first = port.integer, last < first {
                report(.invalid(end.path, port.shown, "must be greater than or equal to `port`"))
            }
            self.port(port)
        } else if end.isSet {
            invalid(end, "may not be specified when `port` is not specified")
        }
        if let last = end.integer { invalid(end.path, last, NameValidation.portNumber(Int(last))) }
    }

    private mutating func policyPeer(_ peer: JSONField) {
        labelSelector(peer["podSelector"])
        labelSelector(peer["namespaceSelector"])
        let count = peer["podSelector"].isSet || peer["namespaceSelector"].isSet
        let block = peer["ipBlock"]
        if block.isSet { ipBlock(block) }
        if count, block.isSet {
            report(.forbidden(peer.path, "may not specify both ipBlock and another peer"))
        } else if !count, !block.isSet {
            report(.required(peer.path, "must specify a peer"))
        }
    }

    private mutating func ipBlock(_ block: JSONField) {
        guard required(block["cidr"]) else { return }
        cidr(block["cidr"], trimmed: true)
        guard let range = CIDR(block["cidr"].string) else { return }
        for exception in block["except"].items {
            cidr(exception, trimmed: true)
            guard let inner = CIDR(exception.string) else { continue }
            if !range.contains(inner) || inner.prefixLength == range.prefixLength {
                invalid(exception, "must be a strict subset of `cidr`")
            }
        }
    }
}

extension NameValidation {
    /// The name of a service, which may begin with a digit since 1.34.
    static func dns1035LabelOr1123(_ text: String) -> [String] { dns1123Label(text) }
}
