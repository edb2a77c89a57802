package import APIMachinery

/// What is wrong with a configuration, where, and what would be right.
package struct ConfigurationError: Error, Hashable, CustomStringConvertible {
    package var path: FieldPath
    package var problem: String
    package var expected: String

    init(_ path: FieldPath, _ problem: String, _ expected: String) {
        self.path = path
        self.problem = problem
        self.expected = expected
    }

    package var description: String { "\(path): \(problem): \(expected)" }
}

/// The `args` of a plugin.
package struct PluginArguments: Sendable {
    let values: JSONObject
    let path: FieldPath

    package subscript(name: String) -> JSONValue? { values[name].flatMap { $0.isNull ? nil : $0 } }

    /// - Throws: For a field that the plugin does not know.
    package func check(_ known: [String]) throws(ConfigurationError) {
        for name in values.keys where !known.contains(name) && name != "apiVersion" && name != "kind" {
            throw ConfigurationError(
                path.child(name), "unknown field",
                known.isEmpty ? "the plugin takes no arguments" : "one of \(known.joined(separator: ", "))")
        }
    }

    package func integer(_ name: String, in range: ClosedRange<Int64>) throws(ConfigurationError) -> Int64? {
        guard let value = self[name] else { return nil }
        guard let number = value.integerValue, range.contains(number) else {
            throw ConfigurationError(path.child(name), "\(value)", "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    package func strings(_ name: String) throws(ConfigurationError) -> [String] {
        guard let value = self[name] else { return [] }
        guard let list = value.arrayValue, list.allSatisfy({ $0.stringValue != nil }) else {
            throw ConfigurationError(path.child(name), "\(value)", "a list of strings")
        }
        return list.compactMap(\.stringValue)
    }

    func resources(_ name: String) throws(ConfigurationError) -> [ScoringStrategy.Resource] {
        var resources: [ScoringStrategy.Resource] = []
        for (index, entry) in (self[name]?.arrayValue ?? []).enumerated() {
            let entryPath = path.child(name).index(index)
            guard let resource = entry["name"]?.stringValue else {
                throw ConfigurationError(entryPath.child("name"), "missing", "a resource")
            }
            let weight = try PluginArguments(values: entry.objectValue ?? JSONObject(), path: entryPath).integer("weight", in: 1...100) ?? 1
            resources.append(.init(resource, weight: weight))
        }
        return resources
    }

    func strategy() throws(ConfigurationError) -> ScoringStrategy? {
        guard let object = self["scoringStrategy"]?.objectValue else { return nil }
        let strategy = PluginArguments(values: object, path: path.child("scoringStrategy"))
        try strategy.check(["type", "resources", "requestedToCapacityRatio"])
        let named = try strategy.resources("resources")
        let resources = named.isEmpty ? ScoringStrategy.Resource.usual : named
        switch strategy["type"]?.stringValue ?? "LeastAllocated" {
        case "LeastAllocated": return .leastAllocated(resources)
        case "MostAllocated": return .mostAllocated(resources)
        case "RequestedToCapacityRatio": return .requestedToCapacityRatio(resources, shape: try strategy.shape())
        case let other:
            throw ConfigurationError(
                strategy.path.child("type"), other, "LeastAllocated, MostAllocated or RequestedToCapacityRatio")
        }
    }

    private func shape() throws(ConfigurationError) -> [ScoringStrategy.Point] {
        let shapePath = path.child("requestedToCapacityRatio").child("shape")
        var points: [ScoringStrategy.Point] = []
        for (index, entry) in (self["requestedToCapacityRatio"]?["shape"]?.arrayValue ?? []).enumerated() {
            let point = PluginArguments(values: entry.objectValue ?? JSONObject(), path: shapePath.index(index))
            let utilization = try point.integer("utilization", in: 0...100) ?? 0
            if let last = points.last, utilization <= last.utilization {
                throw ConfigurationError(
                    point.path.child("utilization"), "\(utilization)", "more than the point before, \(last.utilization)")
            }
            points.append(.init(utilization: utilization, score: try point.integer("score", in: 0...10) ?? 0))
        }
        guard !points.isEmpty else { throw ConfigurationError(shapePath, "missing", "at least one point") }
        return points
    }

    /// - Returns: nil for upstream's own.
    func defaultConstraints() throws(ConfigurationError) -> [PodTopologySpread.DefaultConstraint]? {
        let kind = self["defaultingType"]?.stringValue ?? "System"
        let list = self["defaultConstraints"]?.arrayValue ?? []
        switch kind {
        case "System":
            guard list.isEmpty else {
                throw ConfigurationError(path.child("defaultConstraints"), "given with defaultingType System", "defaultingType List")
            }
            return nil
        case "List": break
        default: throw ConfigurationError(path.child("defaultingType"), kind, "System or List")
        }
        var constraints: [PodTopologySpread.DefaultConstraint] = []
        for (index, entry) in list.enumerated() {
            let one = PluginArguments(values: entry.objectValue ?? JSONObject(), path: path.child("defaultConstraints").index(index))
            try one.check(["maxSkew", "topologyKey", "whenUnsatisfiable"])
            guard let key = one["topologyKey"]?.stringValue else {
                throw ConfigurationError(one.path.child("topologyKey"), "missing", "a label")
            }
            let action = one["whenUnsatisfiable"]?.stringValue ?? ""
            guard action == "DoNotSchedule" || action == "ScheduleAnyway" else {
                throw ConfigurationError(one.path.child("whenUnsatisfiable"), "\"\(action)\"", "DoNotSchedule or ScheduleAnyway")
            }
            let skew = try one.integer("maxSkew", in: 1...Int64(Int32.max)) ?? 1
            constraints.append(.init(maxSkew: skew, topologyKey: key, isHard: action == "DoNotSchedule"))
        }
        return constraints
    }
}
