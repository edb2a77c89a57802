internal import APIMachinery

/// What a node agent's `/metrics/resource` said at one time.
struct NodeSample: Hashable, Sendable {
    struct ContainerKey: Hashable, Sendable {
        var namespace: String
        var pod: String
        var container: String
    }
    struct Figures: Hashable, Sendable {
        /// Of CPU time since the start.
        var cpuSeconds: Double?
        /// Milliseconds since the epoch: when the CPU time was read.
        var cpuTime: Int64 = 0
        var workingSetBytes: Double?
        /// Another one is another container.
        var startSeconds: Double?
    }

    var node = Figures()
    var containers: [ContainerKey: Figures] = [:]

    /// Reads the text format of Prometheus; lines of other metrics, and damaged ones, are passed over.
    ///
    /// - Parameter now: Milliseconds since the epoch, for lines without a time.
    init(parsing text: String, now: Int64) {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let sample = PrometheusSample(line) else { continue }
            let time = sample.timestamp ?? now
            switch sample.name {
            case "node_cpu_usage_seconds_total": (node.cpuSeconds, node.cpuTime) = (sample.value, time)
            case "node_memory_working_set_bytes": node.workingSetBytes = sample.value
            case "container_cpu_usage_seconds_total":
                containers[sample.container, default: Figures()].cpuSeconds = sample.value
                containers[sample.container]?.cpuTime = time
            case "container_memory_working_set_bytes": containers[sample.container, default: Figures()].workingSetBytes = sample.value
            case "container_start_time_seconds": containers[sample.container, default: Figures()].startSeconds = sample.value
            default: break
            }
        }
    }
}

/// One line `name{label="value",…} VALUE [MILLISECONDS]`.
struct PrometheusSample: Hashable, Sendable {
    var name: String
    var labels: [String: String] = [:]
    var value: Double
    var timestamp: Int64?

    init?(_ line: Substring) {
        var rest = line
        let nameEnd = rest.firstIndex { $0 == "{" || $0 == " " } ?? rest.endIndex
        name = String(rest[..<nameEnd])
        rest = rest[nameEnd...]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                guard let equals = rest.firstIndex(of: "="), rest[rest.index(after: equals)...].first == "\"" else { return nil }
                let label = String(rest[..<equals])
                rest = rest[equals...].dropFirst(2)
                guard let value = Self.quoted(&rest) else { return nil }
                labels[label] = value
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        let fields = rest.split(separator: " ")
        guard let number = fields.first.flatMap({ Double($0) }), !name.isEmpty else { return nil }
        value = number
        timestamp = fields.count > 1 ? Int64(fields[1]) : nil
    }

    /// Takes a value and the quotation mark behind it.
    private static func quoted(_ rest: inout Substring) -> String? {
        var value = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return value
            case "\\":
                guard let next = rest.popFirst() else { return nil }
                value.append(next == "n" ? "\n" : next)
            default: value.append(character)
            }
        }
        return nil
    }

    fileprivate var container: NodeSample.ContainerKey {
        NodeSample.ContainerKey(namespace: labels["namespace"] ?? "", pod: labels["pod"] ?? "", container: labels["container"] ?? "")
    }
}

/// Use between two samples of a node.
struct NodeUsageWindow: Hashable, Sendable {
    struct Usage: Hashable, Sendable {
        var nanoCores: UInt64
        var memoryBytes: UInt64

        var json: JSONValue {
            // A number with this suffix is always a quantity.
            let cpu = (try? Quantity(parsing: "\(nanoCores)n")) ?? .zero
            return [
                "cpu": .string(cpu.description), "memory": .string(Quantity(Int64(clamping: memoryBytes), format: .binarySI).description),
            ]
        }
    }

    var end: Timestamp
    var milliseconds: Int64
    /// nil when it told nothing of itself.
    var node: Usage?
    var containers: [NodeSample.ContainerKey: Usage] = [:]

    /// - Parameter end: When the later sample was taken.
    init(from old: NodeSample, to new: NodeSample, end: Timestamp) {
        self.end = end
        milliseconds = max(0, new.node.cpuTime - old.node.cpuTime)
        node = Self.usage(old.node, new.node)
        for (key, figures) in new.containers {
            // One that is new, or was started again, has used everything since its start.
            let before = old.containers[key].flatMap { $0.startSeconds == figures.startSeconds ? $0 : nil }
            containers[key] = Self.usage(before ?? Self.beginning(of: figures), figures)
        }
    }

    private static func beginning(of figures: NodeSample.Figures) -> NodeSample.Figures {
        NodeSample.Figures(cpuSeconds: 0, cpuTime: Int64((figures.startSeconds ?? 0) * 1000))
    }

    private static func usage(_ old: NodeSample.Figures, _ new: NodeSample.Figures) -> Usage? {
        guard let before = old.cpuSeconds, let now = new.cpuSeconds, let memory = new.workingSetBytes else { return nil }
        let seconds = Double(new.cpuTime - old.cpuTime) / 1000
        let nanoCores = seconds > 0 && now > before ? (now - before) / seconds * 1e9 : 0
        return Usage(nanoCores: UInt64(min(nanoCores, 1e18)), memoryBytes: UInt64(max(0, min(memory, 1e18))))
    }

    /// As metrics-server has it: `15.123s`.
    var windowText: String {
        let fraction = String(1000 + milliseconds % 1000).dropFirst()
        return "\(milliseconds / 1000).\(fraction)s"
    }
}
