package import LinuxSystem

/// The cgroups between the root and the pods, held open: a pod's cgroup is then one mkdir, one open and one write away.
package struct Kubepods: ~Copyable, Sendable {
    private let guaranteed: Cgroup  // kubepods itself
    private let burstable: Cgroup
    private let bestEffort: Cgroup
    /// What pods and their containers have.
    package let controllers: CgroupControllers
    /// Made once: what every pod's `cgroup.subtree_control` gets.
    private let enabling: String

    /// Makes `kubepods`, `burstable` and `besteffort` below the root, or finds them there.
    package init(root: borrowing CgroupRoot) throws(SystemError) {
        let top = try root.cgroup.openOrCreateChild(KubepodsLayout.top)
        let inTop = try top.enableForChildren(root.controllers)
        let burstable = try top.openOrCreateChild("burstable")
        let bestEffort = try top.openOrCreateChild("besteffort")
        controllers = try burstable.enableForChildren(inTop).intersection(bestEffort.enableForChildren(inTop))
        guaranteed = top
        self.burstable = burstable
        self.bestEffort = bestEffort
        enabling = controllers.enabling
    }

    /// Lends the cgroup that holds the pods of a class; `kubepods` itself for Guaranteed.
    package func withClass<R: ~Copyable, E: Error>(_ qos: PodQOS, _ body: (borrowing Cgroup) throws(E) -> R) throws(E)
        -> R
    {
        switch qos {
        case .guaranteed: try body(guaranteed)
        case .burstable: try body(burstable)
        case .bestEffort: try body(bestEffort)
        }
    }

    /// Makes a pod's cgroup, whose children, the containers, have the controllers.
    ///
    /// - Throws: `EEXIST` when it is there already.
    package func createPod(_ qos: PodQOS, uid: String) throws(SystemError) -> Cgroup {
        try withClass(qos) { parent throws(SystemError) in
            let pod = try parent.createChild(KubepodsLayout.podName(uid: uid))
            if !enabling.isEmpty { try pod.write(enabling, to: "cgroup.subtree_control") }
            return pod
        }
    }

    /// Opens a pod's cgroup that an earlier run has made.
    package func openPod(_ qos: PodQOS, uid: String) throws(SystemError) -> Cgroup {
        try withClass(qos) { parent throws(SystemError) in try parent.openChild(KubepodsLayout.podName(uid: uid)) }
    }

    /// Kills what is left in a pod and removes its cgroup and those of its containers. Fine when there is none.
    package func destroyPod(_ qos: PodQOS, uid: String, timeout: Duration = .seconds(10)) throws(SystemError) {
        let name = KubepodsLayout.podName(uid: uid)
        try withClass(qos) { parent throws(SystemError) in try parent.destroyChild(name, timeout: timeout) }
    }

    /// The UIDs of the pods of a class that have a cgroup: what a start after a crash finds.
    package func podUIDs(_ qos: PodQOS) throws(SystemError) -> [String] {
        let prefix = KubepodsLayout.podName(uid: "")
        let names = try withClass(qos) { parent throws(SystemError) in try parent.children() }
        return names.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    }
}
