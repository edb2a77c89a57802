internal import Cgroups
internal import Glibc
internal import LinuxSystem
internal import Netlink
internal import Nftables

/// What this machine can do to pods, tried out and not guessed, apart from everything else on it.
package struct FaultAbility: Sendable {
    /// Absolute path of the cgroup below which pods are.
    private let cgroupRoot: String
    private let dataDirectory: String

    package init(cgroupRoot: String, dataDirectory: String) {
        self.cgroupRoot = cgroupRoot
        self.dataDirectory = dataDirectory
    }

    /// - Returns: Why this machine can't do it, and what would mend that; nil: it can.
    package func refusal(of fault: KernelFault) -> String? {
        if let controller = fault.controller, let reason = missing(controller) { return reason }
        switch fault {
        case .freeze: return canFreeze ? nil : "\(cgroupRoot)/cgroup.freeze is not there: it needs Linux 5.2"
        case .disk:
            do { _ = try Disk.device(under: dataDirectory) } catch { return "\(error)" }
            return nil
        case .network(let network): return Self.refusal(of: network.discipline)
        case .dns: return Self.refusalOfRules()
        case .memory, .cpu, .full: return nil
        }
    }

    private var canFreeze: Bool { Files.exists("\(cgroupRoot)/cgroup.freeze") }

    private func missing(_ controller: String) -> String? {
        let there = (try? Cgroup(opening: cgroupRoot).read("cgroup.controllers"))?.split { $0 == " " || $0 == "\n" } ?? []
        if there.contains(Substring(controller)) { return nil }
        let held =
            (try? Files.readText("/proc/cgroups"))?.split(separator: "\n").contains { line in
                let words = line.split { $0 == "\t" || $0 == " " }
                // A hierarchy other than 0 is one of cgroup v1. The disk's controller is called blkio there.
                return words.count > 1 && words[0] == (controller == "io" ? "blkio" : controller) && words[1] != "0"
            } ?? false
        return "the \(controller) controller is missing in \(cgroupRoot): "
            + (held
                ? "a cgroup v1 hierarchy holds it (boot with cgroup_no_v1=all)"
                : "nobody handed it on (cgroup.subtree_control of the cgroups above)")
    }

    static func refusal(of discipline: QueueingDiscipline) -> String? {
        do {
            try NetworkNamespace.runApart {
                var socket = try NetlinkSocket()
                guard let loopback = try socket.link(.name("lo")) else { throw FaultError("no loopback device in a new network namespace") }
                try socket.perform([.setQueueing(discipline, ofLink: loopback.index)])
            }
            return nil
        } catch let error as NetlinkError where error.errno == .noSuchFile {
            return
                "this kernel has no queueing discipline \(discipline.kind) (modprobe sch_\(discipline.kind), CONFIG_NET_SCH_\(discipline.kind.uppercased()))"
        } catch { return "\(error)" }
    }

    private static func refusalOfRules() -> String? {
        do {
            try NetworkNamespace.runApart {
                let rules = Nftables()
                defer { rules.close() }
                try rules.create(NftablesTable(name: PodNames.table, content: PodNames.rules))
            }
            return nil
        } catch { return "\(error)" }
    }
}
