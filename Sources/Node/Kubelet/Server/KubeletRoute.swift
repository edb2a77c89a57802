internal import APIMachinery

/// What a request to the node agent asks for.
enum KubeletRoute: Hashable, Sendable {
    struct ContainerPath: Hashable, Sendable {
        var namespace: String
        var pod: String
        /// Of the pod; nil for whichever has the name.
        var uid: String?
        var container: String
    }
    enum Metrics: String, Sendable { case own = "", resource, cadvisor, probes }

    case health
    case pods
    case runningPods
    case configuration
    case containerLog(ContainerPath)
    case exec(ContainerPath)
    case attach(ContainerPath)
    case run(ContainerPath)
    case portForward(namespace: String, pod: String, uid: String?)
    /// Of the node's log directory, without a slash at the beginning.
    case logFile(String)
    case statsSummary
    case metrics(Metrics)
    case probes(namespace: String, pod: String)
    case checkpoint

    /// - Throws: 404 for a path that is not served, 405 for a method.
    init(method: String, path: String) throws(KubeletRefusal) {
        let parts = path.split(separator: "/").compactMap { PercentEncoding.decoded($0) }
        guard let route = Self.route(parts) else { throw KubeletRefusal(404, "404 page not found") }
        guard route.methods.contains(method) else { throw KubeletRefusal(405, "405: Method Not Allowed") }
        self = route
    }

    private static func route(_ parts: [String]) -> KubeletRoute? {
        switch (parts.first, parts.count) {
        case ("healthz", 1): .health
        case ("healthz", 2): ["ping", "log", "syncloop"].contains(parts[1]) ? .health : nil
        case ("pods", 1): .pods
        case ("runningpods", 1): .runningPods
        case ("configz", 1): .configuration
        case ("containerLogs", 4): .containerLog(.init(namespace: parts[1], pod: parts[2], container: parts[3]))
        case ("exec", 4...5): .exec(containerPath(parts))
        case ("attach", 4...5): .attach(containerPath(parts))
        case ("run", 4...5): .run(containerPath(parts))
        case ("portForward", 3...4): .portForward(namespace: parts[1], pod: parts[2], uid: parts.count == 4 ? parts[3] : nil)
        case ("logs", _): .logFile(parts.dropFirst().joined(separator: "/"))
        case ("stats", 1): .statsSummary
        case ("stats", 2): parts[1] == "summary" ? .statsSummary : nil
        case ("metrics", 1): .metrics(.own)
        case ("metrics", 2): Metrics(rawValue: parts[1]).map { .metrics($0) }
        case ("probes", 3): .probes(namespace: parts[1], pod: parts[2])
        case ("checkpoint", 4): .checkpoint
        default: nil
        }
    }

    private static func containerPath(_ parts: [String]) -> ContainerPath {
        ContainerPath(namespace: parts[1], pod: parts[2], uid: parts.count == 5 ? parts[3] : nil, container: parts[parts.count - 1])
    }

    private var methods: Set<String> {
        switch self {
        case .exec, .attach, .portForward: ["GET", "POST"]
        case .run, .checkpoint: ["POST"]
        default: ["GET", "HEAD"]
        }
    }
}
