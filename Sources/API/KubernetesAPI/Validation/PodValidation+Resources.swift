internal import APIMachinery

extension Validator {
    mutating func containerResources(_ container: Container, _ pod: PodContext, _ path: FieldPath) {
        resources(container.resources, pod, path.child("resources"))
        resizePolicy(container.resizePolicy, path.child("resizePolicy"))
    }

    private mutating func resources(_ resources: ResourceRequirements, _ pod: PodContext, _ path: FieldPath) {
        let limits = resources.limits.sorted { $0.key < $1.key }
        for (name, quantity) in limits {
            let path = path.child("limits").key(name)
            resourceName(name, path)
            resourceQuantity(quantity, name, path)
        }
        for (name, quantity) in resources.requests.sorted(by: { $0.key < $1.key }) {
            let keyPath = path.child("requests").key(name)
            resourceName(name, keyPath)
            resourceQuantity(quantity, name, keyPath)
            request(quantity, name, limit: resources.limits[name], path)
        }
        let names = Set(resources.limits.keys).union(resources.requests.keys)
        if names.contains(where: ResourceName.isHugePages), !names.contains("cpu"), !names.contains("memory") {
            report(.forbidden(path, "HugePages require cpu or memory"))
        }
        claims(resources.claims, pod, path.child("claims"))
    }

    private mutating func resourceName(_ name: String, _ path: FieldPath) {
        let problems = NameValidation.qualifiedName(name)
        invalid(path, name, problems)
        if problems.isEmpty, !name.contains("/"), !ResourceName.isStandard(name) {
            report(.invalid(path, .string(name), "must be a standard resource type or fully qualified"))
        }
        if !name.contains("/") {
            if !ResourceName.isOfContainers(name) {
                report(.invalid(path, .string(name), "must be a standard resource for containers"))
            }
        } else if !ResourceName.isNative(name), !problems.isEmpty || !ResourceName.isExtended(name) {
            report(.invalid(path, .string(name), "doesn't follow extended resource name standard"))
        }
    }

    private mutating func resourceQuantity(_ quantity: Quantity, _ name: String, _ path: FieldPath) {
        if quantity.isNegative { report(.invalid(path, .string(quantity.description), Self.isNegative)) }
        if ResourceName.isExtended(name), !quantity.isInteger {
            report(.invalid(path, .string(quantity.description), "must be an integer"))
        }
        if ResourceName.isHugePages(name) { hugePages(quantity, name, path) }
    }

    private mutating func hugePages(_ quantity: Quantity, _ name: String, _ path: FieldPath) {
        let size = String(name.dropFirst("hugepages-".count))
        guard let page = try? Quantity(parsing: size), page.value > 0 else {
            return report(.invalid(path, .string(name), "\(size.quoted) is not a page size, such as 2Mi"))
        }
        if !quantity.isInteger || quantity.value % page.value != 0 {
            report(
                .invalid(
                    path, .string(quantity.description), "must be a whole number of pages of \(page)"))
        }
    }

    private mutating func request(_ quantity: Quantity, _ name: String, limit: Quantity?, _ path: FieldPath) {
        guard let limit else {
            if !ResourceName.allowsOvercommit(name) {
                report(.required(path.child("limits"), "Limit must be set for non overcommitable resources"))
            }
            return
        }
        if ResourceName.allowsOvercommit(name) {
            if quantity > limit {
                report(
                    .invalid(
                        path.child("requests"), .string(quantity.description),
                        "must be less than or equal to \(name) limit of \(limit)"))
            }
        } else if quantity != limit {
            report(
                .invalid(
                    path.child("requests"), .string(quantity.description), "must be equal to \(name) limit of \(limit)"))
        }
    }

    private mutating func claims(_ claims: [ResourceClaim], _ pod: PodContext, _ path: FieldPath) {
        var seen: Set<String> = []
        for (index, claim) in claims.enumerated() {
            let path = path.index(index)
            guard require(claim.name, path.child("name")) else { continue }
            if !seen.insert("\(claim.name)/\(claim.request ?? "")").inserted {
                report(.duplicate(path, .string(claim.name)))
            }
            if !pod.claims.contains(claim.name) {
                let known = pod.claims.isEmpty ? "which is empty" : pod.claims.map(\.quoted).joined(separator: ", ")
                report(
                    FieldError(
                        path, .notFound, value: .string(claim.name),
                        detail: "must be one of the names in pod.spec.resourceClaims \(known)"))
            }
        }
    }

    private mutating func resizePolicy(_ policies: [ContainerResizePolicy], _ path: FieldPath) {
        var seen: Set<String> = []
        for (index, policy) in policies.enumerated() {
            oneOf(policy.resourceName, ["cpu", "memory"], path)
            oneOf(policy.restartPolicy, ["NotRequired", "RestartContainer"], path)
            if !seen.insert(policy.resourceName).inserted {
                report(.duplicate(path.index(index), .string(policy.resourceName)))
            }
        }
    }

    /// Resources of the pod as a whole.
    mutating func podResources(_ spec: PodSpec, _ path: FieldPath) {
        guard let resources = spec.resources else { return }
        if !resources.claims.isEmpty { report(.forbidden(path.child("claims"), "claims may not be set for Resources at pod-level")) }
        for (field, list) in [("limits", resources.limits), ("requests", resources.requests)] {
            for (name, quantity) in list.sorted(by: { $0.key < $1.key }) {
                podResource(quantity, name, path.child(field).key(name))
            }
        }
        for (name, quantity) in resources.requests.sorted(by: { $0.key < $1.key }) {
            request(quantity, name, limit: resources.limits[name], path)
            let sum = spec.containers.compactMap { $0.resources.requests[name] }.reduce(.zero, +)
            if sum > quantity {
                report(
                    .invalid(
                        path.child("requests").key(name), .string(quantity.description),
                        "must be greater than or equal to aggregate container requests of \(sum)"))
            }
        }
    }

    private mutating func podResource(_ quantity: Quantity, _ name: String, _ path: FieldPath) {
        guard name == "cpu" || name == "memory" || ResourceName.isHugePages(name) else {
            return report(.notSupported(path, .string(name), supported: ["cpu", "hugepages-", "memory"]))
        }
        resourceQuantity(quantity, name, path)
    }
}
