internal import APIMachinery

/// How a pod's containers are protected from each other: by the requests and limits of CPU and memory.
enum QualityOfService: String {
    case guaranteed = "Guaranteed"
    case burstable = "Burstable"
    case bestEffort = "BestEffort"

    /// - Parameter spec: A pod's spec with its defaults.
    static func of(_ spec: JSONField) -> QualityOfService {
        let podLevel = spec["resources"]
        let hasPodLevel = !amounts(podLevel["requests"]).isEmpty || !amounts(podLevel["limits"]).isEmpty
        let all =
            hasPodLevel
            ? [podLevel] : (spec["containers"].items + spec["initContainers"].items).map { $0["resources"] }
        var isGuaranteed = true
        var hasAny = false
        for resources in all {
            let (requests, limits) = (amounts(resources["requests"]), amounts(resources["limits"]))
            if !requests.isEmpty || !limits.isEmpty { hasAny = true }
            if limits.count < 2 || requests != limits { isGuaranteed = false }
        }
        guard hasAny else { return .bestEffort }
        return isGuaranteed ? .guaranteed : .burstable
    }

    /// Those that count, without zeros.
    private static func amounts(_ field: JSONField) -> [String: Quantity] {
        var amounts: [String: Quantity] = [:]
        for name in ["cpu", "memory"] {
            if let amount = field[name].quantity, !amount.isZero { amounts[name] = amount }
        }
        return amounts
    }
}
