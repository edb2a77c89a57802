import Foundation

/// A running pod that is spoiled in one place and mended again.
final class SabotageBench {
    private let machine: Machine
    private let row: PodRow
    private let record: String
    private let variables: [String: String]

    init(_ machine: Machine) throws {
        self.machine = machine
        guard let row = try machine.pod("right"), let web = row.pid("web"), let side = row.pid("side") else {
            throw Machine.Failure(description: "the pod does not run")
        }
        self.row = row
        record = machine.folder.appending(path: "run/status/\(row.uid).json").path
        let cgroup = try ProcessView(web).cgroup()
        guard let root = KernelInventory.cgroupFolders().first(where: { $0.hasSuffix(cgroup) }) else {
            throw Machine.Failure(description: "no folder of cgroup \(cgroup)")
        }
        let sandbox = machine.files("run/pods").first { id in
            (try? String(contentsOf: machine.folder.appending(path: "run/pods/\(id)/sandbox.json"), encoding: .utf8))?.contains(row.uid)
                ?? false
        }
        variables = [
            "P": "\(web)", "S": "\(side)", "CG": root, "PODCG": (root as NSString).deletingLastPathComponent, "IP": row.podIP ?? "",
            "SANDBOX": machine.folder.appending(path: "run/pods/\(sandbox ?? "none")").path,
            "PODDIR": "\(machine.dataDirectory)/pods/\(row.uid)",
        ]
    }

    /// Whether the machine has what is to be spoiled: a cgroup file of a controller that sits on v1 is not there.
    func canTry(_ sabotage: Sabotage) -> Bool {
        guard let condition = sabotage.condition else { return true }
        return (try? shell(condition)) != nil
    }

    func verify() throws -> VerifyAnswer { try VerifyAnswer(machine.swiftlet(["verify"], ["pod/\(row.name)", "-o", "json"])) }

    func with<Result>(_ sabotage: Sabotage, _ body: () throws -> Result) throws -> Result {
        switch sabotage.way {
        case .kernel(let spoil, let mend):
            try shell(spoil)
            defer { _ = try? shell(mend) }
            return try body()
        case .declared(let filter):
            let before = try Data(contentsOf: URL(filePath: record))
            try shell("jq '\(filter)' \(record) > \(record).spoilt && mv \(record).spoilt \(record)")
            defer { try? before.write(to: URL(filePath: record)) }
            return try body()
        }
    }

    @discardableResult
    private func shell(_ script: String) throws -> String {
        let head = variables.map { "\($0.key)='\($0.value)'; " }.joined()
        // As the container sees its mounts, with busybox's own mount.
        let inside = "inside() { nsenter -t $P -m -p /bin/busybox \"$@\"; }; net() { nsenter -t $P -n \"$@\"; }; "
        let result = try Program.run("/bin/bash", ["-ec", head + inside + script])
        guard result.status == 0 else { throw Machine.Failure(description: "\(script): exit \(result.status): \(result.stderr)") }
        return result.stdout
    }
}

/// One thing spoiled, and the path under which it must be found.
struct Sabotage {
    enum Way {
        /// Shell commands that write to the kernel, and those that mend it.
        case kernel(String, mend: String)
        /// A filter of jq over the pod as it is declared: the container was then started with another plan than it should have been.
        case declared(String)
    }
    var name: String
    var path: String
    var way: Way
    /// A shell command that succeeds where this can be tried.
    var condition: String?

    /// What can't be mended from outside.
    static let lasting: Set<String> = []

    static let all = network + mounts + hidden + files + devices + processes + cgroups + plans

    private static func kernel(_ name: String, _ path: String, _ spoil: String, mend: String, if condition: String? = nil) -> Sabotage {
        Sabotage(name: name, path: path, way: .kernel(spoil, mend: mend), condition: condition)
    }

    private static func declared(_ name: String, _ path: String, _ filter: String) -> Sabotage {
        Sabotage(name: name, path: path, way: .declared(filter))
    }

    private static let network = [
        kernel(
            "no default route", "pod/network/defaultRoute[IPv4]", "net ip route show default > /tmp/$P.route; net ip route del default",
            mend: "net ip route add $(cat /tmp/$P.route); rm /tmp/$P.route"),
        kernel(
            "another address", "pod/network/addresses", "net ip addr add 198.51.100.7/32 dev eth0",
            mend: "net ip addr del 198.51.100.7/32 dev eth0"),
        kernel("loopback down", "pod/network/links[lo]", "net ip link set lo down", mend: "net ip link set lo up"),
        kernel("hostname", "pod/hostname", "nsenter -t $P -u hostname wrong", mend: "nsenter -t $P -u hostname righthost"),
        sysctl("net/ipv4/tcp_syncookies", "1", "0", "-n"), sysctl("net/ipv4/ip_unprivileged_port_start", "1024", "0", "-n"),
        sysctl("net/ipv4/ping_group_range", "1 0", "0 2147483647", "-n"), sysctl("kernel/shm_rmid_forced", "0", "1", "-i"),
    ]

    private static func sysctl(_ name: String, _ wrong: String, _ right: String, _ namespace: String) -> Sabotage {
        func write(_ value: String) -> String { "nsenter -t $P \(namespace) /bin/sh -c 'echo \(value) > /proc/sys/\(name)'" }
        return kernel("sysctl \(name)", "pod/sysctls[\(name)]", write(wrong), mend: write(right))
    }

    private static let mounts = [
        remount("/data", "ro", "rw", "access"), remount("/host", "rw", "ro", "access"), remount("/facts", "rw", "ro", "access"),
        remount("/", "rw", "ro", "access"),
        remount("/sys", "rw,nosuid,nodev,noexec", "ro,nosuid,nodev,noexec", "access"),
        remount("/sys/fs/cgroup", "rw,nosuid,nodev,noexec", "ro,nosuid,nodev,noexec", "access"),
        remount("/proc", "nosuid,nodev,exec", "nosuid,nodev,noexec", "options"),
        remount("/dev/shm", "nosuid,nodev,exec", "nosuid,nodev,noexec", "options"),
        remount("/dev/mqueue", "suid,nodev,noexec", "nosuid,nodev,noexec", "options"),
        remount("/dev/pts", "nosuid,exec", "nosuid,noexec", "options"),
        remount("/dev", "suid,strictatime", "nosuid,strictatime", "options"),
        kernel(
            "shared propagation", "web/mounts[/data]/propagation", "inside mount --make-shared /data",
            mend: "inside mount --make-private /data"),
        kernel("another volume on top", "web/mounts[/data]/source", "inside mount --bind /mem /data", mend: "inside umount /data"),
        kernel("another part on top", "web/mounts[/part]/source", "inside mount --bind /data /part", mend: "inside umount /part"),
        kernel(
            "another host path on top", "web/mounts[/host]/source",
            "inside mount --bind /data /host; inside mount -o remount,bind,ro /host", mend: "inside umount /host"),
        kernel("volume gone", "web/mounts[/data]/access", "inside mount --move /data /tmp", mend: "inside mount --move /tmp /data"),
        kernel(
            "larger memory volume", "web/mounts[/mem]/sizeBytes", "inside mount -o remount,size=8m /mem",
            mend: "inside mount -o remount,size=1m /mem"),
        kernel("one mount more", "web/mounts", "inside mount -t tmpfs none /tmp", mend: "inside umount /tmp"),
        kernel("volume not in memory", "web/mounts[/mem]/type", "inside mount --bind /data /mem", mend: "inside umount /mem"),
    ]

    private static func remount(_ path: String, _ wrong: String, _ right: String, _ item: String) -> Sabotage {
        kernel(
            "\(path) mounted \(wrong)", "web/mounts[\(path)]/\(item)", "inside mount -o remount,bind,\(wrong) \(path)",
            mend: "inside mount -o remount,bind,\(right) \(path)")
    }

    private static let hidden =
        ["/proc/kcore", "/proc/keys", "/proc/timer_list"].map { path in
            kernel(
                "\(path) open", "web/covered[\(path)]", "inside umount \(path)", mend: "inside mount --bind /dev/null \(path)",
                if: "inside test -e \(path)")
        }
        + ["/proc/acpi", "/proc/scsi", "/sys/firmware"].map { path in
            kernel(
                "\(path) open", "web/covered[\(path)]", "inside umount \(path)", mend: "inside mount -t tmpfs -o ro none \(path)",
                if: "inside test -d \(path)")
        }
        + ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"].map { path in
            kernel(
                "\(path) writable", "web/covered[\(path)]", "inside umount \(path)",
                mend: "inside mount --bind \(path) \(path); inside mount -o remount,bind,ro,nosuid,nodev,noexec \(path)",
                if: "inside test -e \(path)")
        }

    private static let files = [
        file("hosts", "$PODDIR/etc-hosts", "grep -v alias.example", "web/files/hosts"),
        file("hosts without the pod", "$PODDIR/etc-hosts", "grep -v righthost", "web/files/hosts"),
        file("hostname", "$SANDBOX/hostname", "sed s/right/wrong/", "web/files/hostname"),
        file("nameserver", "$SANDBOX/resolv.conf", "sed s/192.0.2.53/192.0.2.54/", "web/files/resolv.conf/nameservers"),
        file("search", "$SANDBOX/resolv.conf", "sed s/a.example/b.example/", "web/files/resolv.conf/searches"),
        file("options", "$SANDBOX/resolv.conf", "sed s/ndots:2/ndots:5/", "web/files/resolv.conf/options"),
    ]

    /// In place, for the container has the file itself mounted.
    private static func file(_ name: String, _ file: String, _ change: String, _ path: String) -> Sabotage {
        kernel(
            "file \(name)", path, "cp \(file) /tmp/$P.file; \(change) /tmp/$P.file > \(file)",
            mend: "cat /tmp/$P.file > \(file); rm /tmp/$P.file")
    }

    private static let devices = [
        kernel("a device of the machine", "web/devices/others", "inside mknod /dev/mem c 1 1", mend: "inside rm /dev/mem"),
        kernel("a block device", "web/devices/others", "inside mknod /dev/disk b 7 0", mend: "inside rm /dev/disk"),
        kernel("no /dev/full", "web/devices", "inside rm /dev/full", mend: "inside mknod -m 666 /dev/full c 1 7"),
        kernel(
            "a false /dev/zero", "web/devices", "inside rm /dev/zero; inside mknod /dev/zero c 1 3",
            mend: "inside rm /dev/zero; inside mknod -m 666 /dev/zero c 1 5"),
        kernel(
            "a false /dev/null", "web/devices", "inside rm /dev/null; inside touch /dev/null",
            mend: "inside rm /dev/null; inside mknod -m 666 /dev/null c 1 3"),
    ]

    private static let processes = [
        kernel(
            "oom_score_adj", "web/process/oom_score_adj", "cat /proc/$P/oom_score_adj > /tmp/$P.oom; echo 1000 > /proc/$P/oom_score_adj",
            mend: "cat /tmp/$P.oom > /proc/$P/oom_score_adj; rm /tmp/$P.oom"),
        limit("core", "Max core file size", "1"), limit("data", "Max data size", "123456789"), limit("stack", "Max stack size", "1048576"),
        limit("nproc", "Max processes", "77"), limit("memlock", "Max locked memory", "4096"),
    ]

    /// The soft limit alone, which can be raised again; of the container that runs as root, whose limits root may change without more privileges.
    private static func limit(_ option: String, _ name: String, _ value: String) -> Sabotage {
        kernel(
            "limit \(option)", "side/limits[\(name)]",
            "prlimit --pid $S --noheadings --raw -o SOFT --\(option) > /tmp/$P.limit; prlimit --pid $S --\(option)=\(value):",
            mend: "prlimit --pid $S --\(option)=$(cat /tmp/$P.limit):; rm /tmp/$P.limit")
    }

    private static let cgroups =
        [
            kernel("container frozen", "web/cgroup/cgroup.freeze", "echo 1 > $CG/cgroup.freeze", mend: "echo 0 > $CG/cgroup.freeze"),
            kernel("pod frozen", "pod/cgroup/cgroup.freeze", "echo 1 > $PODCG/cgroup.freeze", mend: "echo 0 > $PODCG/cgroup.freeze"),
            kernel(
                "moved to another cgroup", "web/cgroup/path", "mkdir $CG.else; echo $P > $CG.else/cgroup.procs",
                mend: "echo $P > $CG/cgroup.procs; rmdir $CG.else"),
        ]
        + [
            ("cpu.max", "20000 100000", "50000 100000"), ("cpu.weight", "99", "17"), ("cpu.max.burst", "1000", "0"), ("cpu.idle", "1", "0"),
            ("memory.max", "99999744", "67108864"),
            ("memory.high", "1048576", "max"), ("memory.min", "4096", "0"), ("memory.low", "4096", "0"), ("memory.oom.group", "0", "1"),
            ("memory.swap.max", "max", "0"), ("pids.max", "50", "max"), ("cpuset.cpus", "0", ""),
        ].map { file, wrong, right in limitFile("$CG", "web", file, wrong, right) }
        + [("cpu.max", "20000 100000", "max 100000"), ("cpu.weight", "99", "4"), ("memory.max", "99999744", "max")]
        .map { file, wrong, right in limitFile("$PODCG", "pod", file, wrong, right) }

    private static func limitFile(_ folder: String, _ owner: String, _ file: String, _ wrong: String, _ right: String) -> Sabotage {
        kernel(
            "\(owner) \(file)", "\(owner)/cgroup/\(file)", "echo '\(wrong)' > \(folder)/\(file)",
            mend: "echo '\(right)' > \(folder)/\(file)", if: "test -e \(folder)/\(file)")
    }

    private static let plans: [Sabotage] = {
        let web = ".spec.containers[0]"
        let context = "\(web).securityContext"
        return [
            declared("other user", "web/process/uid", "\(context).runAsUser = 1002"),
            declared("other group", "web/process/gid", "\(context).runAsGroup = 1002"),
            declared("other fsGroup", "web/process/groups", ".spec.securityContext.fsGroup = 2099"),
            declared("one group more", "web/process/groups", ".spec.securityContext.supplementalGroups += [3001]"),
            declared("root", "web/capabilities/effective", "\(context).runAsUser = 0"),
            declared("a capability less", "web/capabilities/bounding", "\(context).capabilities.add = []"),
            declared("a capability more", "web/capabilities/bounding", "\(context).capabilities.add += [\"SYS_TIME\"]"),
            declared("usual capabilities", "web/capabilities/bounding", "\(context).capabilities = {}"),
            declared(
                "fewer for root", "side/capabilities/permitted", ".spec.containers[1].securityContext.capabilities.drop = [\"CHOWN\"]"),
            declared("escalation", "web/security/noNewPrivs", "\(context).allowPrivilegeEscalation = true"),
            declared("no filter", "web/security/seccomp", "\(context).seccompProfile.type = \"Unconfined\""),
            declared("a filter", "side/security/seccomp", ".spec.containers[1].securityContext.seccompProfile.type = \"RuntimeDefault\""),
            declared("privileged", "side/covered[/proc/sys]", ".spec.containers[1].securityContext.privileged = true"),
            declared("unmasked", "side/covered[/proc/keys]", ".spec.containers[1].securityContext.procMount = \"Unmasked\""),
            declared("host network", "web/namespaces/net", ".spec.hostNetwork = true"),
            declared("host processes", "web/namespaces/pid", ".spec.hostPID = true"),
            declared("host IPC", "web/namespaces/ipc", ".spec.hostIPC = true"),
            declared("shared processes", "web/namespaces/pid/sharedWith", ".spec.shareProcessNamespace = true"),
            declared("user namespace", "web/process/uid_map", ".spec.hostUsers = false"),
            declared("user namespace, itself", "web/namespaces/user", ".spec.hostUsers = false"),
            declared("a variable", "web/env[A]", "\(web).env[0].value = \"2\""),
            declared("a variable made from it", "web/env[B]", "\(web).env[1].value = \"$(A)3\""),
            declared("a variable more", "web/env[C]", "\(web).env += [{\"name\": \"C\", \"value\": \"3\"}]"),
            declared("a variable less", "web/env/others", "del(\(web).env[2])"),
            declared("working directory", "web/process/cwd", "\(web).workingDir = \"/other\""),
            declared("program", "web/process/exe", "\(web).command[0] = \"/proc/version\""),
            declared("arguments", "web/process/arguments", "\(web).command[1] = \"5\""),
            declared("writable root", "web/mounts[/]/access", "\(context).readOnlyRootFilesystem = false"),
            declared("propagation", "web/mounts[/data]/propagation", "\(web).volumeMounts[0].mountPropagation = \"HostToContainer\""),
            declared("another target", "web/mounts[/elsewhere]/access", "\(web).volumeMounts[0].mountPath = \"/elsewhere\""),
            declared("another part", "web/mounts[/part]/source", "\(web).volumeMounts[1].subPath = \"other\""),
            declared("another host path", "web/mounts[/host]/source", ".spec.volumes[2].hostPath.path = \"/etc\""),
            declared("another volume", "web/mounts[/data]/source", "\(web).volumeMounts[0].name = \"mem\""),
            declared("read-only volume", "web/mounts[/mem]/access", "\(web).volumeMounts[2].readOnly = true"),
            declared("smaller volume", "web/mounts[/mem]/sizeBytes", ".spec.volumes[1].emptyDir.sizeLimit = \"64Ki\""),
            declared("a mount that is no longer wanted", "web/mounts", "del(\(web).volumeMounts[4])"),
            declared("hostname", "pod/hostname", ".spec.hostname = \"other\""),
            declared("alias", "web/files/hosts", ".spec.hostAliases[0].ip = \"192.0.2.9\""),
            declared("resolver", "web/files/resolv.conf/nameservers", ".spec.dnsConfig.nameservers += [\"192.0.2.99\"]"),
            declared("sysctl", "pod/sysctls[net/ipv4/tcp_syncookies]", ".spec.securityContext.sysctls[0].value = \"1\""),
            declared("QoS class", "web/cgroup/path", "del(.spec.containers[0].resources)"),
            declared("OOM score", "web/process/oom_score_adj", "\(web).resources.requests.memory = \"1Gi\""),
            declared("address", "pod/network/addresses", ".status.podIPs = [{\"ip\": \"192.0.2.200\"}] | .status.podIP = \"192.0.2.200\""),
        ]
    }()
}
