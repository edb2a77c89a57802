internal import APIMachinery
internal import KubernetesAPI

extension ConfigurationField {
    static let resourceFields: [ConfigurationField] = [
        reserved("systemReserved", \.systemReserved),
        reserved("kubeReserved", \.kubeReserved),
        .init("systemReservedCgroup", .text, usual: "", .only([""], "no limit is set on the system's cgroup; leave it out")),
        .init("kubeReservedCgroup", .text, usual: "", .only([""], "no limit is set on other programs' cgroups; leave it out")),
        .init(
            "enforceNodeAllocatable", .texts, usual: ["pods"],
            .acts(
                read: { value throws(ConfigurationProblem) in
                    let names = (value.arrayValue ?? []).compactMap(\.stringValue)
                    if let other = names.first(where: { !["pods", "none"].contains($0) }) {
                        throw .init("Unsupported value: \"\(other)\": only the pods' cgroup gets limits; write pods or none")
                    }
                    if names.count > 1 { throw .init("Invalid value: \(value): none stands alone") }
                    return { $0.enforcesNodeAllocatable = names == ["pods"] }
                }, show: { $0.enforcesNodeAllocatable ? ["pods"] : ["none"] })),
        .init("reservedSystemCPUs", .text, usual: "", .only([""], "pods may use every CPU; leave it out")),
        .init("reservedMemory", .list, .only([.array([])], "memory is not reserved by NUMA node; leave it out")),
        .init("cpuManagerPolicy", .text, usual: "none", .only(["none"], "no CPU is given to one container alone; write none")),
        .init("cpuManagerPolicyOptions", .object, .only([.object([:])], "there is no such policy; leave it out")),
        .init("cpuManagerReconcilePeriod", .duration, usual: "10s", .needless),
        .init("memoryManagerPolicy", .text, usual: "None", .only(["None"], "memory is not given by NUMA node; write None")),
        .init("topologyManagerPolicy", .text, usual: "none", .only(["none"], "NUMA nodes are not looked at; write none")),
        .init("topologyManagerScope", .choice(["container", "pod"]), usual: "container", .needless),
        .init("topologyManagerPolicyOptions", .object, .only([.object([:])], "there is no such policy; leave it out")),
        .init("qosReserved", .object, .only([.object([:])], "no memory is reserved for a class; leave it out")),
        .init("memoryThrottlingFactor", .fraction, usual: JSONNumber(0.9).map(JSONValue.number), .needless),
        .init("memoryReservationPolicy", .text, usual: "None", .only(["None"], "memory.min and memory.low are not set; write None")),
        .init(
            "memorySwap", .object,
            .members([
                .init(
                    "swapBehavior", .choice(["", "NoSwap", "LimitedSwap"]), usual: "",
                    .acts(
                        read: { value throws(ConfigurationProblem) in
                            let isLimited = value.stringValue == "LimitedSwap"
                            return { $0.hasLimitedSwap = isLimited }
                        }, show: { $0.hasLimitedSwap ? "LimitedSwap" : "NoSwap" }))
            ])),
    ]

    private static func reserved(_ name: String, _ path: Path<[String: Quantity]>) -> ConfigurationField {
        map(name) { texts throws(ConfigurationProblem) in
            var quantities: [String: Quantity] = [:]
            for (name, text) in texts {
                guard ["cpu", "memory", "ephemeral-storage", "pid"].contains(name) else {
                    throw .invalid(name, "must be cpu, memory, ephemeral-storage or pid")
                }
                guard let quantity = try? Quantity(parsing: text), !quantity.isNegative else {
                    throw .invalid(text, "must be a quantity that is not negative, as 500m or 1Gi")
                }
                quantities[name] = quantity
            }
            let all = quantities
            return { $0[keyPath: path] = all }
        } show: {
            $0[keyPath: path].mapValues(\.description)
        }
    }
}
