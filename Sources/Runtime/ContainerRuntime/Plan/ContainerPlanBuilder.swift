internal import Glibc
package import LinuxSystem

/// Turns a `ContainerSpec` into the operations that the cloned child walks: namespaces, root file system, mounts, devices, identity, program.
///
/// The order is forced by the kernel: namespaces before the file systems that show them (sysfs, mqueue, cgroup2); everything that needs
/// host paths before `pivotRoot`; privileges last. See runc's libcontainer/rootfs_linux.go and standard_init_linux.go for the same order.
package struct ContainerPlanBuilder: Sendable {
    package var spec: ContainerSpec
    package var root: RootFileSystem
    /// Compiled; nil for an unconfined process.
    package var seccomp: SeccompFilter?
    package var stdio = PlanStdio.streams
    /// Mounts of the spec whose source is given as a detached mount instead of a path: by index.
    package var detachedMounts: Set<Int> = []
    /// What the overlay of this kernel is given with: one option per layer (Linux 6.7), or one string.
    package var hasLayerOptions = true
    /// A directory of the machine to mount the root on, where the overlay cannot be made detached.
    package var rootMountPoint = ""

    package init(spec: ContainerSpec, root: RootFileSystem) {
        self.spec = spec
        self.root = root
    }

    package func build() -> PreparedPlan {
        var plan = ProcessPlan(cloneFlags: cloneFlags)
        var inputs = PlanInputs(&plan, wanted: wantedInputs)
        inputs.appendStdio(stdio, to: &plan)
        plan.cgroup = inputs[.cgroup]
        if !spec.namespaces.joinsPodUser { plan.pidNamespace = inputs[.pidNamespace] }
        plan.oomScoreAdj(Int(spec.process.oomScoreAdjust), optional: true)
        for limit in spec.process.resourceLimits { plan.rlimit(limit, optional: true) }
        let root: Slot?
        if spec.namespaces.joinsPodUser {
            root = enterUserNamespace(&plan, inputs)
        } else {
            joinNamespaces(&plan, inputs)
            plan.propagation(nil, .private)
            root = mountRoot(&plan)
        }
        plan.setSID()
        plan.keyring(optional: true)
        if let root { plan.root(detached: root) } else { plan.root(rootMountPoint) }
        if let streams = inputs.streams { for (number, slot) in streams.enumerated() { plan.duplicate(slot, onto: CInt(number)) } }
        mountAll(&plan, inputs)
        protect(&plan)
        plan.pivotRoot()
        if let socket = inputs.terminalSocket { openTerminal(&plan, socket) }
        plan.changeDirectory(spec.process.workingDirectory, create: true)
        if spec.isRootReadOnly { plan.rootReadOnly() }
        ProcessIdentity(spec.process, seccomp: seccomp).append(to: &plan, diesWithParent: true)
        return PreparedPlan(plan: plan, inputs: inputs.order)
    }

    private func openTerminal(_ plan: inout ProcessPlan, _ socket: Slot) {
        guard case .terminal(let rows, let columns) = stdio else { return }
        plan.openTerminal(
            sendingMasterTo: socket, rows: rows, columns: columns, owner: spec.process.user.uid, console: true)
    }
}

// MARK: - Namespaces

extension ContainerPlanBuilder {
    private var cloneFlags: CloneFlags {
        // A pid namespace must belong to the pod's user namespace: it is made after that is joined.
        spec.namespaces.pid == .own && !spec.namespaces.joinsPodUser ? [.mount, .pid] : .mount
    }

    private var wantedInputs: [PlanInput] {
        var inputs: [PlanInput] = [.cgroup]
        if spec.namespaces.joinsPodNetwork { inputs.append(.network) }
        if spec.namespaces.joinsPodIPC { inputs.append(.ipc) }
        if spec.namespaces.joinsPodUTS { inputs.append(.uts) }
        if spec.namespaces.joinsPodUser { inputs.append(.user) }
        switch spec.namespaces.pid {
        case .own, .host: break
        case .pod, .container: inputs.append(.pidNamespace)
        }
        if spec.namespaces.joinsPodUser { inputs += root.lowerDirectories.indices.map(PlanInput.layer) }
        return inputs + detachedMounts.sorted().map(PlanInput.mount)
    }

    private func joinNamespaces(_ plan: inout ProcessPlan, _ inputs: PlanInputs) {
        for (input, flag) in [(PlanInput.network, CloneFlags.network), (.ipc, .ipc), (.uts, .uts)] {
            if let slot = inputs[input] { plan.setNamespaces(slot, flag) }
        }
        // Not a clone flag: with CLONE_INTO_CGROUP the new namespace would be rooted at the cgroup of the process that clones.
        if spec.namespaces.ownsCgroup { plan.unshare(.cgroup) }
    }

    /// The layers are mounted with the machine's privileges, everything else with those of the pod's user namespace, which then owns
    /// the mount namespace: what the kernel copies into it cannot be taken apart from inside (mount_namespaces(7)).
    private func enterUserNamespace(_ plan: inout ProcessPlan, _ inputs: PlanInputs) -> Slot? {
        plan.propagation(nil, .private)
        for (index, directory) in root.lowerDirectories.enumerated() {
            guard let slot = inputs[.layer(index)] else { continue }
            plan.bind(source: .detached(slot), target: directory, recursive: false, onHost: true)
        }
        let mounted = mountRoot(&plan)
        // For the second child: the first one, who tells its number, must see it as the supervisor does. While still privileged, since
        // the init is no process that the pod's root may look at.
        if let pidNamespace = inputs[.pidNamespace] { plan.setNamespaces(pidNamespace, .pid) }
        if let user = inputs[.user] { plan.setNamespaces(user, .user) }
        plan.gid(0)
        plan.uid(0)
        for (input, flag) in [(PlanInput.network, CloneFlags.network), (.ipc, .ipc), (.uts, .uts)] {
            if let slot = inputs[input] { plan.setNamespaces(slot, flag) }
        }
        var fresh: CloneFlags = .mount
        if spec.namespaces.pid == .own { fresh.insert(.pid) }
        if spec.namespaces.ownsCgroup { fresh.insert(.cgroup) }
        plan.fork(fresh)
        plan.propagation(nil, .private)
        return mounted
    }
}

// MARK: - Root

extension ContainerPlanBuilder {
    /// - Returns: The overlay as a detached mount, or nil when it stands on `rootMountPoint`.
    private func mountRoot(_ plan: inout ProcessPlan) -> Slot? {
        guard hasLayerOptions else {
            var options = ["lowerdir=" + root.lowerDirectories.map(Self.escapedLayer).joined(separator: ":")]
            options += ["upperdir=\(root.upperDirectory)", "workdir=\(root.workDirectory)"] + root.options
            plan.mountClassic(
                type: "overlay", source: "overlay", target: rootMountPoint, options: options.joined(separator: ","), onHost: true)
            return nil
        }
        var options = root.lowerDirectories.map { MountOption.text("lowerdir+=\($0)") }
        options += [.text("upperdir=\(root.upperDirectory)"), .text("workdir=\(root.workDirectory)")]
        options += root.options.map(MountOption.text)
        return plan.mountDetached(type: "overlay", source: "overlay", options: options)
    }

    /// `lowerdir=` takes `:` between layers and `\` before what stands for itself (overlayfs.rst, "Multiple lower layers").
    private static func escapedLayer(_ path: String) -> String {
        var escaped = ""
        for character in path {
            if character == ":" || character == "\\" || character == "," { escaped.append("\\") }
            escaped.append(character)
        }
        return escaped
    }
}
