internal import APIMachinery
internal import KubernetesAPI

extension Declaration {
    func mountExpectations(_ running: ContainerFacts, _ container: Container) -> [Expectation] {
        let own = Set(container.volumeMounts.map { normalized($0.mountPath) })
        var expectations = [
            Expectation(
                "\(container.name)/mounts[/]/access", .equals(container.securityContext?.readOnlyRootFilesystem ?? false ? "ro" : "rw"),
                why: "files of the image could be changed, or not",
                formula: "readOnlyRootFilesystem: \(container.securityContext?.readOnlyRootFilesystem ?? false)"),
            Expectation(
                "\(container.name)/mounts[/]/propagation", .oneOf(["private", "slave"]), why: "its mounts would reach the machine",
                formula: "every container's"),
        ]
        for mount in usualMounts(container) where !own.contains(mount.path) && !(own.contains("/dev") && mount.path.hasPrefix("/dev/")) {
            expectations += mount.expectations(container.name)
        }
        for mount in container.volumeMounts { expectations += volumeExpectations(mount, container) }
        if facts.isManaged { expectations.append(closedList(container)) }
        return expectations
    }

    private struct Usual {
        var path: String, type: String, options: [String], access: String, why: String
        func expectations(_ container: String) -> [Expectation] {
            let place = "\(container)/mounts[\(path)]"
            let formula = "every container's (OCI runtime specification, default file systems)"
            return [
                Expectation("\(place)/type", .equals(type), why: "programs rely on it", formula: formula),
                Expectation("\(place)/options", .includes(options), why: why, formula: formula),
                Expectation("\(place)/access", .equals(access), why: why, formula: formula),
            ]
        }
    }

    private func usualMounts(_ container: Container) -> [Usual] {
        let sealed = isPrivileged(container) ? "rw" : "ro"
        let still = ["nosuid", "nodev", "noexec"]
        var mounts = [
            Usual(path: "/proc", type: "proc", options: still, access: "rw", why: "programs could be started from it"),
            Usual(path: "/dev", type: "tmpfs", options: ["nosuid"], access: "rw", why: "set-uid programs could be put there"),
            Usual(path: "/dev/pts", type: "devpts", options: ["nosuid", "noexec"], access: "rw", why: "programs could be started from it"),
            Usual(path: "/dev/shm", type: "tmpfs", options: still, access: "rw", why: "programs could be started from it"),
            Usual(path: "/dev/mqueue", type: "mqueue", options: still, access: "rw", why: "programs could be started from it"),
            Usual(path: "/sys", type: "sysfs", options: still, access: sealed, why: "settings of the machine could be changed"),
        ]
        // A pod that keeps the machine's network in a user namespace of its own gets the machine's /sys as a whole.
        if !(hasUserNamespace && isHostNetwork), facts.isManaged {
            mounts.append(
                Usual(path: "/sys/fs/cgroup", type: "cgroup2", options: still, access: sealed, why: "it could change its own limits"))
        }
        if spec.hostIPC ?? false { mounts.removeAll { $0.path == "/dev/shm" } }
        return mounts
    }

    private func volumeExpectations(_ mount: VolumeMount, _ container: Container) -> [Expectation] {
        let path = normalized(mount.mountPath)
        let place = "\(container.name)/mounts[\(path)]"
        let volume = spec.volumes.first { $0.name == mount.name }
        let isReadOnly = (mount.readOnly ?? false) || volume.map(isAlwaysReadOnly) ?? false
        var expectations = [
            Expectation(
                "\(place)/access", .equals(isReadOnly ? "ro" : "rw"),
                why: isReadOnly ? "the volume could be changed" : "the program can't write its data",
                formula: mount.readOnly ?? false ? "readOnly: true" : isReadOnly ? "a volume of this kind is read-only" : "readOnly: false"),
            Expectation(
                "\(place)/propagation", propagation(mount), why: "mounts made below it would, or would not, be seen on the other side",
                formula: "mountPropagation: \(mount.mountPropagation ?? "None")"),
        ]
        if mount.recursiveReadOnly == "Enabled" {
            expectations.append(
                Expectation(
                    "\(place)/writableBelow", .sameMembers([]), why: "what is mounted below it could be changed",
                    formula: "recursiveReadOnly: Enabled"))
        }
        if hostPath(mount) != nil {
            expectations.append(
                Expectation(
                    "\(place)/source", .equals("the same file"), why: "the container would see other data than the volume's",
                    formula: source(volume, mount)))
        }
        if let empty = volume?.emptyDir { expectations += emptyDirExpectations(empty, mount, place) }
        return expectations
    }

    private func emptyDirExpectations(_ source: EmptyDirVolumeSource, _ mount: VolumeMount, _ place: String) -> [Expectation] {
        guard source.medium == "Memory" else { return [] }
        var expectations = [
            Expectation("\(place)/type", .equals("tmpfs"), why: "what must not reach a disk would", formula: "medium: Memory")
        ]
        if let limit = source.sizeLimit?.value, limit > 0, facts.isManaged {
            expectations.append(
                Expectation("\(place)/sizeBytes", .atMost(limit), why: "it could fill the machine's memory", formula: "sizeLimit \(limit)"))
        }
        return expectations
    }

    private func isAlwaysReadOnly(_ volume: Volume) -> Bool {
        volume.configMap != nil || volume.secret != nil || volume.downwardAPI != nil || volume.projected != nil || volume.image != nil
    }

    private func propagation(_ mount: VolumeMount) -> Requirement {
        switch mount.mountPropagation {
        case "HostToContainer": .equals("slave")
        case "Bidirectional": .matches("shared.*")
        default: .equals("private")
        }
    }

    private func source(_ volume: Volume?, _ mount: VolumeMount) -> String {
        let beneath = mount.subPath.map { " subPath \($0)" } ?? ""
        if let path = volume?.hostPath?.path { return "hostPath \(path)\(beneath)" }
        return "emptyDir \(mount.name) of this pod\(beneath)"
    }

    /// Where the machine has what a mount shows, as far as the manifest says it.
    func hostPaths(_ container: Container) -> [String: String] {
        container.volumeMounts.reduce(into: [:]) { paths, mount in
            if let path = hostPath(mount) { paths[normalized(mount.mountPath)] = path }
        }
    }

    private func hostPath(_ mount: VolumeMount) -> String? {
        guard mount.subPathExpr == nil, let volume = spec.volumes.first(where: { $0.name == mount.name }) else { return nil }
        let beneath = mount.subPath.map { $0.isEmpty ? "" : "/\($0)" } ?? ""
        if let path = volume.hostPath?.path { return path + beneath }
        guard volume.emptyDir != nil, let directory = facts.podsDirectory, let uid = pod.metadata.uid else { return nil }
        return "\(directory)/\(uid)/volumes/kubernetes.io~empty-dir/\(volume.name)\(beneath)"
    }

    /// Every mount there may be: one more would show something of the machine that nobody asked for.
    private func closedList(_ container: Container) -> Expectation {
        let usual = [
            "/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/console", "/sys", "/sys/fs/cgroup", "/etc/hosts",
            "/etc/hostname", "/etc/resolv.conf",
        ]
        let volumes = container.volumeMounts.map { normalized($0.mountPath) + "/**" }
        let message = normalized(container.terminationMessagePath ?? "/dev/termination-log")
        let paths = protectedPaths(container)
        // The node's own additions to the masked paths: directories that tell of other tenants' load.
        let more = ["/proc/interrupts", "/sys/devices/system/cpu/**"]
        let nodes = hasUserNamespace ? ["null", "zero", "full", "random", "urandom", "tty"].map { "/dev/\($0)" } + ["/sys/**"] : []
        let below = (paths.masked + paths.readOnly).map { $0 + "/**" }
        return Expectation(
            "\(container.name)/mounts", .within(usual + volumes + [message] + below + more + nodes),
            why: "something of the machine that nobody asked for would be seen inside",
            formula: "the usual ones, volumeMounts, hidden paths")
    }

    func normalized(_ path: String) -> String {
        var components: [Substring] = []
        for component in path.split(separator: "/") where component != "." {
            if component == ".." { _ = components.popLast() } else { components.append(component) }
        }
        return "/" + components.joined(separator: "/")
    }
}
