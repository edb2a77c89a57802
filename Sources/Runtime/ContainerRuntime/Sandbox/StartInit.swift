internal import LinuxSystem
internal import SupervisorAPI

extension NativeRuntime {
    /// The name of the init process to the supervisor.
    static let initID = "init"
    /// Of its cgroup below the pod's, where a later sandbox of the same pod may have one too.
    static func initCgroup(_ sandboxID: String) -> String { "init-\(sandboxID)" }

    /// Starts the minimal init of a pod whose containers share a pid namespace: it is their PID 1 and reaps what they leave.
    func startInit(_ id: String, _ parent: CgroupHandle, _ client: SupervisorClient, _ namespaces: PodNamespaces) throws -> PinnedProcess {
        let cgroup = try parent.cgroup.openOrCreateChild(Self.initCgroup(id))
        var plan = ProcessPlan(cloneFlags: namespaces.user == nil ? .pid : [])
        let cgroupSlot = plan.input("cgroup")
        let userSlot = namespaces.user == nil ? nil : plan.input("user")
        let streams = ["stdin", "stdout", "stderr"].map { plan.input($0) }
        plan.cgroup = cgroupSlot
        plan.oomScoreAdj(Int(Self.supervisorOOMScore), optional: true)
        plan.setSID()
        if let userSlot {
            plan.setNamespaces(userSlot, .user)
            plan.gid(0)
            plan.uid(0)
            plan.fork(.pid)
        }
        for (number, slot) in streams.enumerated() { plan.duplicate(slot, onto: CInt(number)) }
        plan.boundingSet([])
        plan.capabilities(CapabilitySets(container: []))
        plan.noNewPrivileges()
        plan.parentDeathSignal(9)
        plan.becomeInit()
        var request = StartRequest(id: Self.initID, kind: .initProcess, plan: try plan.encoded())
        request.stdio = .null
        request.cgroupDescriptor = 0
        var descriptors = [cgroup.directory.rawValue]
        if let user = namespaces.user { descriptors.append(user) }
        let started: StartedProcess
        do throws(SupervisorError) {
            started = try client.start(request, descriptors: descriptors)
        } catch {
            throw SpawnTranslation.error(error, plan: plan, program: "init")
        }
        return try PinnedProcess(pid: started.pid, in: cgroup.path)
    }
}
