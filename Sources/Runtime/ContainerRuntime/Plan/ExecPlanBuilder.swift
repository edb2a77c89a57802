package import LinuxSystem

/// The plan of a process that joins a running container: its namespaces and cgroup, the container's confinement, another program.
package struct ExecPlanBuilder: Sendable {
    package var process: ProcessSpec
    package var namespaces: ContainerNamespaces
    package var seccomp: SeccompFilter?
    package var stdio = PlanStdio.streams

    package init(process: ProcessSpec, namespaces: ContainerNamespaces) {
        self.process = process
        self.namespaces = namespaces
    }

    package func build() -> PreparedPlan {
        var plan = ProcessPlan()
        var inputs = PlanInputs(&plan, wanted: [.cgroup, .target])
        inputs.appendStdio(stdio, to: &plan)
        plan.cgroup = inputs[.cgroup]
        if namespaces.pid != .host, !namespaces.joinsPodUser { plan.pidNamespace = inputs[.target] }
        plan.oomScoreAdj(Int(process.oomScoreAdjust), optional: true)
        for limit in process.resourceLimits { plan.rlimit(limit, optional: true) }
        plan.setSID()
        if let target = inputs[.target] { join(target, &plan) }
        plan.keyring(optional: true)
        if let streams = inputs.streams { for (number, slot) in streams.enumerated() { plan.duplicate(slot, onto: CInt(number)) } }
        if let socket = inputs.terminalSocket, case .terminal(let rows, let columns) = stdio {
            plan.openTerminal(sendingMasterTo: socket, rows: rows, columns: columns, owner: process.user.uid)
        }
        plan.changeDirectory(process.workingDirectory)
        ProcessIdentity(process, seccomp: seccomp).append(to: &plan, diesWithParent: false)
        return PreparedPlan(plan: plan, inputs: inputs.order)
    }

    /// All at once by the pidfd (Linux 5.8). The pid namespace acts on children only: without a user namespace the supervisor joins it
    /// around the clone; with one it may be joined only from inside, so the process clones once more.
    private func join(_ target: Slot, _ plan: inout ProcessPlan) {
        var joined: CloneFlags = .mount
        if namespaces.joinsPodNetwork { joined.insert(.network) }
        if namespaces.joinsPodIPC { joined.insert(.ipc) }
        if namespaces.joinsPodUTS { joined.insert(.uts) }
        if namespaces.ownsCgroup { joined.insert(.cgroup) }
        guard namespaces.joinsPodUser else { return plan.setNamespaces(target, joined) }
        joined.formUnion([.user])
        if namespaces.pid != .host { joined.insert(.pid) }
        plan.setNamespaces(target, joined)
        plan.gid(0)
        plan.uid(0)
        if namespaces.pid != .host { plan.fork() }
    }
}
