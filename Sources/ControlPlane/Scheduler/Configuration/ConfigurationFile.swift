package import APIMachinery

extension SchedulerConfiguration {
    static let apiVersion = "kubescheduler.config.k8s.io/v1"
    /// Of how the program runs, not of what it decides: looked at by nobody here.
    private static let unused = [
        "apiVersion", "kind", "parallelism", "leaderElection", "clientConnection", "enableProfiling", "enableContentionProfiling",
    ]

    /// Reads a `KubeSchedulerConfiguration` (kubescheduler.config.k8s.io/v1).
    ///
    /// - Throws: The first problem; also for what is not supported: extenders.
    package init(_ json: JSONValue, registry: PluginRegistry = .default) throws(ConfigurationError) {
        let path = FieldPath([])
        guard json["apiVersion"]?.stringValue == Self.apiVersion, json["kind"]?.stringValue == "KubeSchedulerConfiguration" else {
            throw ConfigurationError(
                FieldPath("kind"), "\(json["apiVersion"]?.stringValue ?? "") \(json["kind"]?.stringValue ?? "")",
                "\(Self.apiVersion) KubeSchedulerConfiguration")
        }
        let values = PluginArguments(values: json.objectValue ?? JSONObject(), path: path)
        if values["extenders"] != nil { throw ConfigurationError(FieldPath("extenders"), "extenders are not supported", "a plugin") }
        try values.check(["profiles", "podInitialBackoffSeconds", "podMaxBackoffSeconds", "percentageOfNodesToScore"] + Self.unused)
        let percentage = try values.integer("percentageOfNodesToScore", in: 0...100).map { Int($0) }
        var profiles: [SchedulingProfile] = []
        for (index, entry) in (values["profiles"]?.arrayValue ?? [.object(JSONObject())]).enumerated() {
            let reader = ProfileReader(
                values: PluginArguments(values: entry.objectValue ?? JSONObject(), path: FieldPath("profiles").index(index)),
                registry: registry)
            let profile = try reader.profile(percentage)
            guard !profiles.contains(where: { $0.schedulerName == profile.schedulerName }) else {
                throw ConfigurationError(
                    FieldPath("profiles").index(index).child("schedulerName"), profile.schedulerName, "a name of its own")
            }
            profiles.append(profile)
        }
        guard !profiles.isEmpty else { throw ConfigurationError(FieldPath("profiles"), "empty", "at least one profile") }
        self.init(profiles: profiles)
        if let first = try values.integer("podInitialBackoffSeconds", in: 1...86_400) { delays.first = .seconds(first) }
        if let longest = try values.integer("podMaxBackoffSeconds", in: 1...86_400) { delays.longest = .seconds(longest) }
        guard delays.longest >= delays.first else {
            throw ConfigurationError(FieldPath("podMaxBackoffSeconds"), "less than podInitialBackoffSeconds", "at least as much")
        }
    }
}

/// One entry of `profiles`.
private struct ProfileReader {
    let values: PluginArguments
    let registry: PluginRegistry

    private struct Choice {
        var enabled: [(name: String, weight: Int64?)] = []
        var disabled: Set<String> = []
    }

    func profile(_ percentage: Int?) throws(ConfigurationError) -> SchedulingProfile {
        try values.check(["schedulerName", "plugins", "pluginConfig", "percentageOfNodesToScore"])
        let plugins = PluginArguments(values: values["plugins"]?.objectValue ?? JSONObject(), path: values.path.child("plugins"))
        try plugins.check(["multiPoint"] + ExtensionPoint.allCases.flatMap(\.fieldNames))
        let everywhere = try choice("multiPoint", plugins)
        var names = SchedulingProfile.defaultPlugins.map(\.name)
        if everywhere.disabled.contains("*") { names = [] }
        names.removeAll { everywhere.disabled.contains($0) }
        var weights = SchedulingProfile.defaultWeights
        var only: [String: Set<ExtensionPoint>] = [:]
        var disabled: [ExtensionPoint: Set<String>] = [:]
        for (name, weight) in everywhere.enabled {
            names.removeAll { $0 == name }
            names.append(name)
            if let weight { weights[name] = weight }
        }
        for point in ExtensionPoint.allCases {
            for field in point.fieldNames {
                let own = try choice(field, plugins)
                disabled[point, default: []].formUnion(own.disabled)
                for (name, weight) in own.enabled {
                    if let weight { weights[name] = weight }
                    if !names.contains(name) || only[name] != nil {
                        only[name, default: []].insert(point)
                        if !names.contains(name) { names.append(name) }
                    }
                    // Disabled and enabled again: at another place, or with another weight.
                    disabled[point]?.remove(name)
                }
            }
        }
        let made = try make(names)
        return SchedulingProfile(
            schedulerName: values["schedulerName"]?.stringValue ?? "default-scheduler", plugins: made, weights: weights,
            percentageOfNodesToScore: try values.integer("percentageOfNodesToScore", in: 0...100).map { Int($0) } ?? percentage
        ) { plugin, point in
            if let points = only[plugin] { return points.contains(point) }
            let off = disabled[point] ?? []
            return !off.contains(plugin) && !off.contains("*")
        }
    }

    private func choice(_ field: String, _ plugins: PluginArguments) throws(ConfigurationError) -> Choice {
        let set = PluginArguments(values: plugins[field]?.objectValue ?? JSONObject(), path: plugins.path.child(field))
        try set.check(["enabled", "disabled"])
        var choice = Choice()
        for (index, entry) in (set["enabled"]?.arrayValue ?? []).enumerated() {
            let one = PluginArguments(values: entry.objectValue ?? JSONObject(), path: set.path.child("enabled").index(index))
            guard let name = one["name"]?.stringValue else {
                throw ConfigurationError(one.path.child("name"), "missing", "a plugin's name")
            }
            choice.enabled.append((name, try one.integer("weight", in: 0...Int64(Int32.max))))
        }
        for entry in set["disabled"]?.arrayValue ?? [] { choice.disabled.insert(entry["name"]?.stringValue ?? "") }
        return choice
    }

    private func make(_ names: [String]) throws(ConfigurationError) -> [any SchedulingPlugin] {
        var arguments: [String: (JSONObject, FieldPath)] = [:]
        for (index, entry) in (values["pluginConfig"]?.arrayValue ?? []).enumerated() {
            let path = values.path.child("pluginConfig").index(index)
            guard let name = entry["name"]?.stringValue else { throw ConfigurationError(path.child("name"), "missing", "a plugin's name") }
            arguments[name] = (entry["args"]?.objectValue ?? JSONObject(), path.child("args"))
        }
        var plugins: [any SchedulingPlugin] = []
        for name in names {
            let (own, path) = arguments[name] ?? (JSONObject(), values.path.child("plugins"))
            plugins.append(try registry.make(name, own, at: path))
        }
        for (name, (_, path)) in arguments where !names.contains(name) && !registry.names.contains(name) {
            throw ConfigurationError(path, "no plugin has the name \(name)", "one of \(registry.names.joined(separator: ", "))")
        }
        return plugins
    }
}
