internal import KubernetesAPI
internal import KubernetesClient
internal import Netlink

/// A pod with addresses of its own, as policies see it. Pods with the node's network are the node, and pods that have ended are nobody.
struct PolicyPod: Hashable, Sendable {
    struct Port: Hashable, Sendable {
        var name: PortName
        var number: UInt16
    }

    /// Who has an address that two pods claim: what the runtime has told of counts before what the API server remembers, the later before the
    /// earlier.
    struct Claim: Hashable, Comparable, Sendable {
        var isOfRuntime: Bool
        /// Nanoseconds since the epoch.
        var time: Int64

        static func < (left: Claim, right: Claim) -> Bool {
            left.isOfRuntime == right.isOfRuntime ? left.time < right.time : right.isOfRuntime
        }
    }

    var key: ObjectKey
    var labels: [String: String]
    var addresses: [IPAddress]
    var ports: [Port] = []
    /// Whether it is this node that has to keep to policies for it.
    var isLocal: Bool
    var claim = Claim(isOfRuntime: false, time: 0)
}

extension PolicyPod {
    /// - Parameters:
    ///   - object: What the API server has under this name.
    ///   - attached: What the runtime has told of a pod of this name: known first and, as long as its sandbox is there, what counts.
    init?(_ object: Pod?, _ attached: AttachedPod?, nodeName: String) {
        guard let attached else {
            guard let object, !object.hasEnded, object.spec.hostNetwork != true else { return nil }
            self.init(object, nodeName: nodeName)
            return
        }
        guard let object, attached.isPod(object) else {
            self.init(
                key: attached.key, labels: attached.labels, addresses: attached.addresses.compactMap { IPAddress($0) }, isLocal: true,
                claim: Claim(isOfRuntime: true, time: attached.time))
            return
        }
        guard !object.hasEnded else { return nil }
        self.init(object, nodeName: nodeName)
        addresses = attached.addresses.compactMap { IPAddress($0) }
        isLocal = true
        claim = Claim(isOfRuntime: true, time: attached.time)
    }

    private init(_ object: Pod, nodeName: String) {
        key = ObjectKey(object)
        labels = object.metadata.labels
        let texts = object.status.podIPs.isEmpty ? [object.status.podIP].compactMap(\.self) : object.status.podIPs.compactMap(\.ip)
        addresses = texts.compactMap { IPAddress($0) }
        // Init containers that go on serve ports too (KEP-753).
        let containers = object.spec.containers + object.spec.initContainers.filter { $0.restartPolicy == "Always" }
        ports = containers.flatMap(\.ports).compactMap(Port.init)
        isLocal = object.spec.nodeName == nodeName
        claim.time = (object.status.startTime ?? object.metadata.creationTimestamp)?.nanosecondsSinceEpoch ?? 0
    }
}

extension PolicyPod.Port {
    fileprivate init?(_ port: ContainerPort) {
        guard let name = port.name, let transport = TransportProtocol(kubernetes: port.protocol),
            let number = UInt16(exactly: port.containerPort)
        else { return nil }
        self.init(name: PortName(transport: transport, name: name), number: number)
    }
}

extension Pod {
    /// Its containers have ended for good: its address may be another pod's by now.
    fileprivate var hasEnded: Bool { status.phase == "Succeeded" || status.phase == "Failed" }
}
