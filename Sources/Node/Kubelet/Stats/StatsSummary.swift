internal import APIMachinery
internal import CRI
internal import KubernetesAPI

/// `/stats/summary`: stats.k8s.io v1alpha1 Summary.
extension StatsProvider {
    func summary() async throws(RuntimeError) -> JSONValue {
        let snapshot = try await snapshot()
        let space = FilesystemSpace(node.configuration.rootDirectory)
        var pods: [JSONValue] = []
        for usage in snapshot.pods { pods.append(.object(await pod(usage, space))) }
        return ["node": .object(await nodeSummary(snapshot.node, space)), "pods": .array(pods)]
    }

    private func nodeSummary(_ usage: NodeUsage, _ space: FilesystemSpace?) async -> JSONObject {
        let time = JSONValue.string(usage.time.description)
        let cpu = CPUUsage(timestamp: usage.time.nanosecondsSinceEpoch, usageCoreNanoSeconds: usage.cpuNanoSeconds)
        var object: JSONObject = [
            "nodeName": .string(node.configuration.nodeName), "startTime": .string(Timestamp(seconds: usage.bootTime).description),
            "cpu": .object(self.cpu(cpu, key: "node")),
            "memory": [
                "time": time, "availableBytes": number(usage.availableBytes), "usageBytes": number(usage.usageBytes),
                "workingSetBytes": number(usage.workingSetBytes), "rssBytes": number(usage.rssBytes),
                "pageFaults": number(usage.pageFaults), "majorPageFaults": number(usage.majorPageFaults),
            ],
            "network": .object(network(usage.interfaces, main: usage.defaultInterface, time)),
        ]
        if let space { object.append("fs", .object(filesystem(space, used: nil, time))) }
        var runtime: JSONObject = [:]
        for usage in (try? await node.images.imageFsInfo()) ?? [] {
            guard let space = FilesystemSpace(usage.mountpoint) else { continue }
            runtime.append("imageFs", .object(filesystem(space, used: usage, time)))
            runtime.append("containerFs", .object(filesystem(space, used: usage, time)))
            break
        }
        object.append("runtime", .object(runtime))
        object.append("rlimit", ["time": time, "maxpid": .integer(usage.processMax), "curproc": .integer(usage.processCount)])
        object.append(
            "swap",
            ["time": time, "swapAvailableBytes": number(usage.swapAvailableBytes), "swapUsageBytes": number(usage.swapUsedBytes)])
        return object
    }

    private func pod(_ usage: PodUsage, _ space: FilesystemSpace?) async -> JSONObject {
        let (pod, stats) = (usage.pod, usage.stats)
        var ephemeralBytes: UInt64 = 0
        var ephemeralInodes: UInt64 = 0
        func count(_ usage: FilesystemUsage?) {
            ephemeralBytes += usage?.usedBytes ?? 0
            ephemeralInodes += usage?.inodesUsed ?? 0
        }
        var containers: [JSONValue] = []
        for container in stats.containers {
            let logs = await trees.usage(of: "\(logDirectory(pod))/\(container.metadata.name)")
            count(logs)
            count(container.writableLayer)
            containers.append(.object(self.container(container, logs, space)))
        }
        var volumes: [JSONValue] = []
        for volume in await volumeUsages(pod) {
            if volume.isEphemeral { count(volume.usage) }
            volumes.append(.object(volume.json))
        }
        let time = JSONValue.string(node.clock.wallTime.truncatedToSeconds.description)
        var object: JSONObject = [
            "podRef": ["name": .string(pod.name), "namespace": .string(pod.namespace), "uid": .string(pod.uid)],
            "startTime": .string(Self.time(stats.startedAt)), "containers": .array(containers),
        ]
        if let cpu = stats.cpu { object.append("cpu", .object(self.cpu(cpu, key: stats.id))) }
        if let memory = stats.memory { object.append("memory", .object(self.memory(memory))) }
        if !stats.interfaces.isEmpty {
            let time = JSONValue.string(Self.time(stats.networkTimestamp))
            object.append("network", .object(network(stats.interfaces, main: "eth0", time)))
        }
        if !volumes.isEmpty { object.append("volume", .array(volumes)) }
        if let space {
            let used = FilesystemUsage(timestamp: 0, mountpoint: "", usedBytes: ephemeralBytes, inodesUsed: ephemeralInodes)
            object.append("ephemeral-storage", .object(filesystem(space, used: used, time)))
        }
        object.append("process_stats", ["process_count": number(stats.processCount)])
        return object
    }

    private func container(_ stats: ContainerStats, _ logs: FilesystemUsage?, _ space: FilesystemSpace?) -> JSONObject {
        var object: JSONObject = ["name": .string(stats.metadata.name), "startTime": .string(Self.time(stats.startedAt))]
        if let cpu = stats.cpu { object.append("cpu", .object(self.cpu(cpu, key: stats.id))) }
        if let memory = stats.memory { object.append("memory", .object(self.memory(memory))) }
        for (name, usage) in [("rootfs", stats.writableLayer), ("logs", logs)] {
            guard let space, let usage else { continue }
            object.append(name, .object(filesystem(space, used: usage, .string(Self.time(usage.timestamp)))))
        }
        if let swap = stats.memory?.swapUsageBytes, let time = stats.memory?.timestamp {
            object.append("swap", ["time": .string(Self.time(time)), "swapUsageBytes": number(swap)])
        }
        return object
    }

    // MARK: parts

    private func cpu(_ usage: CPUUsage, key: String) -> JSONObject {
        var object: JSONObject = ["time": .string(Self.time(usage.timestamp))]
        if let rate = rates.rate(key, usage) { object.append("usageNanoCores", number(rate)) }
        object.append("usageCoreNanoSeconds", number(usage.usageCoreNanoSeconds))
        return object
    }

    private func memory(_ usage: MemoryUsage) -> JSONObject {
        var object: JSONObject = ["time": .string(Self.time(usage.timestamp))]
        if let available = usage.availableBytes { object.append("availableBytes", number(available)) }
        object.append("usageBytes", number(usage.usageBytes))
        object.append("workingSetBytes", number(usage.workingSetBytes))
        object.append("rssBytes", number(usage.rssBytes))
        object.append("pageFaults", number(usage.pageFaults))
        object.append("majorPageFaults", number(usage.majorPageFaults))
        return object
    }

    private func network(_ interfaces: [NetworkInterfaceUsage], main: String, _ time: JSONValue) -> JSONObject {
        func json(_ interface: NetworkInterfaceUsage) -> JSONObject {
            [
                "name": .string(interface.name), "rxBytes": number(interface.rxBytes), "rxErrors": number(interface.rxErrors),
                "txBytes": number(interface.txBytes), "txErrors": number(interface.txErrors),
            ]
        }
        var object: JSONObject = ["time": time]
        if let own = interfaces.first(where: { $0.name == main }) ?? interfaces.first {
            for member in json(own).members { object.append(member.key, member.value) }
        }
        object.append("interfaces", .array(interfaces.map { .object(json($0)) }))
        return object
    }

    func filesystem(_ space: FilesystemSpace, used: FilesystemUsage?, _ time: JSONValue) -> JSONObject {
        [
            "time": time, "availableBytes": number(space.availableBytes), "capacityBytes": number(space.capacityBytes),
            "usedBytes": number(used?.usedBytes ?? space.usedBytes), "inodesFree": number(space.inodesFree), "inodes": number(space.inodes),
            "inodesUsed": number(used?.inodesUsed ?? space.inodes - space.inodesFree),
        ]
    }

    func number(_ value: UInt64) -> JSONValue { .integer(Int64(clamping: value)) }

    static func time(_ nanoseconds: Int64) -> String { Timestamp(nanosecondsSinceEpoch: nanoseconds).truncatedToSeconds.description }

    func logDirectory(_ pod: Pod) -> String { node.paths.logDirectory(namespace: pod.namespace, name: pod.name, uid: pod.uid) }
}

// MARK: - Volumes

extension StatsProvider {
    struct VolumeUsage {
        var name: String
        var usage: FilesystemUsage
        /// Counts for the pod's local ephemeral storage.
        var isEphemeral: Bool
        var json: JSONObject
    }

    /// Of the volumes that have a directory in the pod's own.
    func volumeUsages(_ pod: Pod) async -> [VolumeUsage] {
        let root = node.paths.volumes(pod.uid)
        var found: [VolumeUsage] = []
        for plugin in ((try? PodFiles.list(root)) ?? []).sorted() {
            for name in ((try? PodFiles.list("\(root)/\(plugin)")) ?? []).sorted() {
                let path = "\(root)/\(plugin)/\(name)"
                guard let usage = await trees.usage(of: path), let space = FilesystemSpace(path) else { continue }
                var json: JSONObject = [:]
                for member in filesystem(space, used: usage, .string(Self.time(usage.timestamp))).members {
                    json.append(member.key, member.value)
                }
                json.append("name", .string(name))
                let claim = pod.spec.volumes.first { $0.name == name }?.persistentVolumeClaim?.claimName
                if let claim { json.append("pvcRef", ["name": .string(claim), "namespace": .string(pod.namespace)]) }
                // What lies in memory counts there.
                let isInMemory = pod.spec.volumes.first { $0.name == name }?.emptyDir?.medium == "Memory"
                found.append(VolumeUsage(name: name, usage: usage, isEphemeral: claim == nil && !isInMemory, json: json))
            }
        }
        return found
    }
}
