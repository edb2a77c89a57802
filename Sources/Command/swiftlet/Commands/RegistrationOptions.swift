import ArgumentParser
internal import APIMachinery
internal import KubernetesAPI
internal import Kubelet

/// As what the node registers with the API server; the names are the kubelet's.
struct RegistrationOptions: ParsableArguments {
    @Option(
        help: "File of kind KubeletConfiguration (kubelet.config.k8s.io/v1beta1); what is said here too holds instead.",
        completion: .file())
    var config: String?

    @Option(help: "Pods that this node takes (default: 110).")
    var maxPods: Int64?

    @Option(help: "Kept for the system, as cpu=200m,memory=500Mi,ephemeral-storage=1Gi.")
    var systemReserved: String?

    @Option(help: "Kept for Kubernetes' own programs.")
    var kubeReserved: String?

    @Option(help: "Labels of the node, as disk=ssd,zone=a.")
    var nodeLabels: String?

    @Option(help: "Taints of a node that registers for the first time, as key=value:NoSchedule.")
    var registerWithTaints: String?

    @Option(name: .customLong("node-ip"), help: "Address of the node; with a comma one of each family (default: found by itself).")
    var nodeIP: String?

    @Option(help: "Port of the node agent's own API (default: 10250, or any free one when that is taken).")
    var kubeletPort: Int?

    /// Changes an agent's configuration accordingly.
    ///
    /// - Throws: `UsageError`.
    var configure: @Sendable (inout KubeletConfiguration) -> Void {
        get throws {
            if let maxPods, maxPods <= 0 { throw UsageError("--max-pods \(maxPods): must be more than 0") }
            let limit = maxPods
            let file = try configurationFile
            let system = try systemReserved.map { try Self.quantities("--system-reserved", $0) }
            let kube = try kubeReserved.map { try Self.quantities("--kube-reserved", $0) }
            let port = kubeletPort
            let labels = try Self.labels(nodeLabels)
            let taints = try Self.list(registerWithTaints).map(Self.taint)
            let addresses = Self.list(nodeIP)
            if let kubeletPort, !(0...65535).contains(kubeletPort) { throw UsageError("--kubelet-port \(kubeletPort): is not a port") }
            if let wrong = addresses.first(where: { IPAddress($0) == nil }) { throw UsageError("--node-ip \(wrong): is not an IP address") }
            return { configuration in
                configuration.node.maxPods = 110
                configuration.evictsPods = true
                file?.apply(to: &configuration)
                if let limit { configuration.node.maxPods = limit }
                if let system { configuration.systemReserved = system }
                if let kube { configuration.kubeReserved = kube }
                if let port { configuration.serverPort = port }
                configuration.limitPodsPerCore()
                configuration.reservation = NodeReservation(configuration)
                configuration.nodeLabels = labels
                if !taints.isEmpty { configuration.registerWithTaints = taints }
                if !addresses.isEmpty { configuration.hostIPs = addresses }
            }
        }
    }

    /// - Throws: `ManifestRefusal`: all that is wrong with the file.
    private var configurationFile: KubeletConfigurationFile? {
        get throws {
            guard let config else { return nil }
            do throws(ManifestError) {
                return try KubeletConfigurationFile.read(path: config)
            } catch {
                throw ManifestRefusal(description: "\(error)")
            }
        }
    }

    private static func list(_ text: String?) -> [String] { (text ?? "").split(separator: ",").map(String.init) }

    private static func pairs(_ option: String, _ text: String?) throws -> [(String, String)] {
        try list(text).map { item in
            guard let equals = item.firstIndex(of: "=") else { throw UsageError("\(option) \(item): must be name=value") }
            return (String(item[..<equals]), String(item[item.index(after: equals)...]))
        }
    }

    private static func quantities(_ option: String, _ text: String?) throws -> [String: Quantity] {
        try pairs(option, text).reduce(into: [:]) { result, pair in
            guard ["cpu", "memory", "ephemeral-storage", "pid"].contains(pair.0) else {
                throw UsageError("\(option) \(pair.0): must be cpu, memory, ephemeral-storage or pid")
            }
            do { result[pair.0] = try Quantity(parsing: pair.1) } catch { throw UsageError("\(option) \(pair.0)=\(pair.1): \(error)") }
        }
    }

    private static func labels(_ text: String?) throws -> [String: String] {
        try pairs("--node-labels", text).reduce(into: [:]) { result, pair in
            let problems = NameValidation.qualifiedName(pair.0) + NameValidation.labelValue(pair.1)
            if let problem = problems.first { throw UsageError("--node-labels \(pair.0)=\(pair.1): \(problem)") }
            result[pair.0] = pair.1
        }
    }

    /// `key=value:effect`, `key:effect`.
    private static func taint(_ text: String) throws -> Taint {
        guard let colon = text.lastIndex(of: ":") else { throw UsageError("--register-with-taints \(text): must be key=value:effect") }
        let effect = String(text[text.index(after: colon)...])
        guard ["NoSchedule", "PreferNoSchedule", "NoExecute"].contains(effect) else {
            throw UsageError("--register-with-taints \(text): the effect must be NoSchedule, PreferNoSchedule or NoExecute")
        }
        let parts = text[..<colon].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if let problem = NameValidation.qualifiedName(parts[0]).first { throw UsageError("--register-with-taints \(text): \(problem)") }
        return Taint {
            $0.key = parts[0]
            $0.value = parts.count > 1 ? parts[1] : nil
            $0.effect = effect
        }
    }
}
