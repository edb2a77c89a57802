internal import APIMachinery
internal import ContainerRuntime
internal import Glibc
internal import Kubelet
internal import KubernetesAPI
internal import LinuxSystem
internal import Verification

/// What `verify` has to know of a pod beside its manifest: from this instance's records, or from a process alone.
struct VerificationFacts {
    let dataDirectory: String
    let runDirectory: String
    let nodeName: String
    var objects = LocalObjects()
    var podPidsLimit: Int64?

    init(_ place: InstancePlace) {
        dataDirectory = place.dataDirectory
        runDirectory = place.runDirectory
        nodeName = place.nodeName
    }

    /// Of a machine without an instance: its usual names.
    init(dataDirectory: String) {
        self.dataDirectory = dataDirectory
        (runDirectory, nodeName) = ("", Machine.hostname)
    }

    /// A pod of this instance.
    ///
    /// - Parameter processes: Its running containers' first processes, by name.
    func facts(_ pod: Pod, processes: [String: Int32]) throws -> PodFacts {
        let records = try RecordedContainers.ofPod(pod.metadata.uid ?? "", runDirectory: runDirectory)
        let containers = processes.sorted { $0.key < $1.key }.map { name, pid in
            // Of several attempts the last one runs.
            let record = records.filter { $0.config.metadata.name == name }.max { $0.config.metadata.attempt < $1.config.metadata.attempt }
            return container(name, pid, record)
        }
        var facts = PodFacts(pod: pod, containers: containers)
        facts.node = node
        let addresses = pod.status.podIPs.compactMap(\.ip)
        facts.addresses = addresses.isEmpty ? pod.status.podIP.map { [$0] } ?? [] : addresses
        facts.podsDirectory = "\(dataDirectory)/pods"
        facts.podPidsLimit = podPidsLimit
        addObjects(pod, to: &facts)
        return facts
    }

    private func container(_ name: String, _ pid: Int32, _ record: ContainerRecord?) -> ContainerFacts {
        var facts = ContainerFacts(name: name, pid: pid)
        facts.readInheritedLimits()
        guard let record else { return facts }
        facts.id = record.id
        facts.users = .read(layers: record.image.root.lowerDirectories)
        var image = ImageFacts()
        image.entrypoint = record.image.config.entrypoint
        image.cmd = record.image.config.cmd
        image.environment = record.image.config.environment
        image.workingDirectory = record.image.config.workingDirectory
        image.user = record.image.config.user
        facts.image = image
        return facts
    }

    private func addObjects(_ pod: Pod, to facts: inout PodFacts) {
        let prefix = "\(pod.metadata.namespace ?? "default")/"
        for (key, map) in objects.configMaps where key.hasPrefix(prefix) {
            facts.configMaps[String(key.dropFirst(prefix.count))] = map.data
        }
        for (key, secret) in objects.secrets where key.hasPrefix(prefix) {
            facts.secrets[String(key.dropFirst(prefix.count))] = secret.data.mapValues { String(decoding: $0.bytes, as: UTF8.self) }
        }
    }

    /// A pod that nobody has started. What follows from its images alone is not known.
    func facts(planned pod: Pod) -> PodFacts {
        let names = (pod.spec.initContainers + pod.spec.containers).map(\.name)
        var facts = PodFacts(pod: pod, containers: names.map { ContainerFacts(name: $0, pid: 0) })
        facts.node = node
        facts.podsDirectory = "\(dataDirectory)/pods"
        facts.podPidsLimit = podPidsLimit
        addObjects(pod, to: &facts)
        return facts
    }

    /// A container that anybody started.
    func facts(_ pod: Pod, container name: String, pid: Int32) throws -> PodFacts {
        guard Files.exists("/proc/\(pid)") else { throw UsageError("no process \(pid)") }
        guard (pod.spec.containers + pod.spec.initContainers).contains(where: { $0.name == name }) else {
            throw UsageError("pod \(pod.metadata.name ?? "") has no container \(name)")
        }
        var container = ContainerFacts(name: name, pid: pid)
        container.users = .read(pid: pid)
        var facts = PodFacts(pod: pod, containers: [container])
        facts.node = node
        facts.isManaged = false
        return facts
    }

    private var node: PodFacts.NodeFacts {
        var node = PodFacts.NodeFacts()
        node.name = nodeName
        node.memoryBytes = Machine.memoryBytes
        if let own = try? ProcessStatus.read(pid: getpid()).capabilities { node.capabilities = own.bounding.intersection(own.permitted) }
        return node
    }
}
