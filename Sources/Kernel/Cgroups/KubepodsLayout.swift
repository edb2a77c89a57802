/// A pod's quality of service, as far as it decides where its cgroup is.
package enum PodQOS: Sendable, Hashable, CaseIterable {
    case guaranteed, burstable, bestEffort
}

/// Where the cgroups of pods are below the cgroup root (the kubelet's cgroupfs layout).
///
/// `kubepods/pod<UID>` for Guaranteed, `kubepods/burstable/pod<UID>` and `kubepods/besteffort/pod<UID>` for the others; a
/// container's is a directory inside its pod's.
package enum KubepodsLayout {
    package static let top = "kubepods"

    /// The components down to what holds the pods of a class.
    package static func parent(_ qos: PodQOS) -> [String] {
        switch qos {
        case .guaranteed: [top]
        case .burstable: [top, "burstable"]
        case .bestEffort: [top, "besteffort"]
        }
    }

    package static func podName(uid: String) -> String { "pod\(uid)" }

    /// The path of a pod's or a container's cgroup, relative to the root.
    package static func path(_ qos: PodQOS, podUID: String, container: String? = nil) -> String {
        (parent(qos) + [podName(uid: podUID)] + (container.map { [$0] } ?? [])).joined(separator: "/")
    }
}
