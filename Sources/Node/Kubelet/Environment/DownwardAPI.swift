internal import APIMachinery
package import KubernetesAPI

/// What a container may learn about its own pod.
package struct DownwardAPI: Sendable {
    package var pod: Pod
    package var podIPs: [String]
    package var hostIPs: [String]
    package var node: NodeFacts
    package var nodeName: String

    package init(_ pod: Pod, podIPs: [String], _ configuration: KubeletConfiguration) {
        self.pod = pod
        self.podIPs = pod.usesHostNetwork ? configuration.hostIPs : podIPs
        hostIPs = configuration.hostIPs
        node = configuration.node
        nodeName = configuration.nodeName
    }

    /// - Returns: nil for a path that there is not.
    package func field(_ path: String) -> String? {
        switch path {
        case "metadata.name": return pod.name
        case "metadata.namespace": return pod.namespace
        case "metadata.uid": return pod.uid
        case "metadata.labels": return Self.lines(pod.metadata.labels)
        case "metadata.annotations": return Self.lines(pod.metadata.annotations)
        case "spec.nodeName": return nodeName
        case "spec.serviceAccountName": return pod.spec.serviceAccountName ?? ""
        case "status.hostIP": return hostIPs.first ?? ""
        case "status.hostIPs": return hostIPs.joined(separator: ",")
        case "status.podIP": return podIPs.first ?? ""
        case "status.podIPs": return podIPs.joined(separator: ",")
        default: break
        }
        if let key = Self.subscriptKey(path, of: "metadata.labels") { return pod.metadata.labels[key] ?? "" }
        if let key = Self.subscriptKey(path, of: "metadata.annotations") { return pod.metadata.annotations[key] ?? "" }
        return nil
    }

    /// `k` of `metadata.labels['k']`.
    private static func subscriptKey(_ path: String, of map: String) -> String? {
        guard path.hasPrefix(map + "['"), path.hasSuffix("']"), path.utf8.count > map.utf8.count + 4 else { return nil }
        return String(path.dropFirst(map.count + 2).dropLast(2))
    }

    /// `k="v"` lines, sorted, without a newline at the end.
    private static func lines(_ map: [String: String]) -> String {
        map.sorted { $0.key < $1.key }.map { "\($0.key)=\(GoQuote.text($0.value))" }.joined(separator: "\n")
    }

    /// - Parameter container: The one that asks; the selector may name another.
    /// - Returns: nil for a resource or container that there is not.
    package func resource(_ selector: ResourceFieldSelector, of container: Container) -> String? {
        let name = selector.containerName ?? ""
        guard let container = name.isEmpty ? container : pod.container(named: name) else { return nil }
        let parts = selector.resource.split(separator: ".", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let resource = String(parts[1])
        let amount: Quantity
        switch parts[0] {
        case "requests": amount = container.resources.requests[resource] ?? .zero
        case "limits": amount = container.resources.limits[resource] ?? allocatable(resource)
        default: return nil
        }
        return Self.divide(amount, by: selector.divisor, isCPU: resource == "cpu")
    }

    /// What a container without a limit may use.
    private func allocatable(_ resource: String) -> Quantity {
        switch resource {
        case "cpu": Quantity(milliValue: node.allocatableMilliCPU ?? 0)
        case "memory": Quantity(node.allocatableMemoryBytes ?? node.memoryBytes)
        default: .zero
        }
    }

    /// Rounded up.
    private static func divide(_ amount: Quantity, by divisor: Quantity?, isCPU: Bool) -> String {
        let divisor = divisor.flatMap { $0.isZero ? nil : $0 } ?? Quantity(1)
        let (dividend, step) = isCPU ? (amount.milliValue, divisor.milliValue) : (amount.value, divisor.value)
        return String((dividend + step - 1) / max(step, 1))
    }
}

/// Text in double quotes as Go's `strconv.Quote` writes it.
package enum GoQuote {
    package static func text(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{7}": quoted += "\\a"
            case "\u{8}": quoted += "\\b"
            case "\u{b}": quoted += "\\v"
            case "\u{c}": quoted += "\\f"
            case "\u{0}"..."\u{1f}", "\u{7f}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
