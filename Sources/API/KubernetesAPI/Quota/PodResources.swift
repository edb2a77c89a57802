package import APIMachinery

/// What a pod asks for in all.
package enum PodResources {
    package static func quantities(_ value: JSONValue?) -> [String: Quantity] {
        var result: [String: Quantity] = [:]
        for member in value?.objectValue?.members ?? [] {
            switch member.value {
            case .string(let text): result[member.key] = try? Quantity(parsing: text)
            case .integer(let number): result[member.key] = Quantity(number)
            default: break
            }
        }
        return result
    }

    /// The sum over the containers, or what one init container needs if that is more; sidecars count all along.
    ///
    /// - Parameter field: `requests` or `limits`.
    package static func total(_ pod: JSONObject, _ field: String) -> [String: Quantity] {
        var sum: [String: Quantity] = [:]
        for container in pod["spec"]?["containers"]?.arrayValue ?? [] { add(&sum, quantities(container["resources"]?[field])) }
        var sidecars: [String: Quantity] = [:]
        var peak: [String: Quantity] = [:]
        for container in pod["spec"]?["initContainers"]?.arrayValue ?? [] {
            var own = quantities(container["resources"]?[field])
            if container["restartPolicy"]?.stringValue == "Always" {
                add(&sum, own)
                add(&sidecars, own)
                own = sidecars
            } else {
                add(&own, sidecars)
            }
            for (name, value) in own where peak[name].map({ $0 < value }) ?? true { peak[name] = value }
        }
        for (name, value) in peak where sum[name].map({ $0 < value }) ?? true { sum[name] = value }
        return sum
    }

    package static func add(_ sum: inout [String: Quantity], _ more: [String: Quantity]) {
        for (name, value) in more { sum[name] = sum[name].map { $0 + value } ?? value }
    }
}
