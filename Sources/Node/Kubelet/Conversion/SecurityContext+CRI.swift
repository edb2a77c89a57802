package import CRI
package import KubernetesAPI

/// Who a container would run as, by its image.
package struct ImageUser: Sendable, Hashable {
    package var uid: Int64?
    package var name: String
    package init(uid: Int64? = nil, name: String = "") {
        self.uid = uid
        self.name = name
    }
}

extension LinuxContainerSecurityContext {
    package static let defaultMaskedPaths = [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
        "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
    ]
    package static let defaultReadonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

    /// The container's settings over the pod's over the image's.
    ///
    /// - Throws: `CreateContainerConfigError` when the container may not run as the user that it would run as.
    package init(
        _ container: Container, in pod: Pod, image: ImageUser, user: UserNamespace?, _ configuration: KubeletConfiguration
    ) throws(StartFailure) {
        self.init()
        let own = container.securityContext ?? SecurityContext()
        let shared = pod.spec.securityContext ?? PodSecurityContext()
        namespaceOptions = NamespaceOption(pod, user: user)
        runAsUser = own.runAsUser ?? shared.runAsUser
        runAsGroup = own.runAsGroup ?? shared.runAsGroup
        if own.runAsNonRoot ?? shared.runAsNonRoot ?? false {
            try Self.checkNonRoot(runAsUser, image, container, pod)
        }
        if runAsUser == nil {
            runAsUser = image.uid
            if image.uid == nil { runAsUsername = image.name }
        }
        // A group needs a user; without one in the image it is root.
        if runAsGroup != nil, runAsUser == nil, runAsUsername.isEmpty { runAsUser = 0 }
        privileged = own.privileged ?? false
        readonlyRootfs = own.readOnlyRootFilesystem ?? false
        noNewPrivs = !(own.allowPrivilegeEscalation ?? true)
        capabilities.add = (own.capabilities?.add ?? []).map { Self.bare($0) }
        capabilities.drop = (own.capabilities?.drop ?? []).map { Self.bare($0) }
        supplementalGroups = (shared.fsGroup.map { [$0] } ?? []) + shared.supplementalGroups
        supplementalGroupsPolicy = shared.supplementalGroupsPolicy == "Strict" ? .strict : .merge
        seccomp = privileged ? .unconfined : Self.seccomp(own.seccompProfile ?? shared.seccompProfile, configuration)
        appArmor = Self.appArmor(own.appArmorProfile ?? shared.appArmorProfile)
        if !privileged, own.procMount != "Unmasked" {
            maskedPaths = Self.defaultMaskedPaths + configuration.node.extraMaskedPaths
            readonlyPaths = Self.defaultReadonlyPaths
        }
    }

    private static func checkNonRoot(
        _ user: Int64?, _ image: ImageUser, _ container: Container, _ pod: Pod
    ) throws(StartFailure) {
        let place = "(pod: \"\(pod.reference)\", container: \(container.name))"
        if let user {
            guard user == 0 else { return }
            throw StartFailure("CreateContainerConfigError", "container's runAsUser breaks non-root policy \(place)")
        }
        if let uid = image.uid {
            guard uid == 0 else { return }
            throw StartFailure("CreateContainerConfigError", "container has runAsNonRoot and image will run as root \(place)")
        }
        if !image.name.isEmpty {
            throw StartFailure(
                "CreateContainerConfigError",
                "container has runAsNonRoot and image has non-numeric user (\(image.name)), cannot verify user is non-root \(place)")
        }
        throw StartFailure("CreateContainerConfigError", "container has runAsNonRoot and image will run as root \(place)")
    }

    private static func bare(_ capability: String) -> String {
        capability.hasPrefix("CAP_") ? String(capability.dropFirst(4)) : capability
    }

    private static func seccomp(_ profile: SeccompProfile?, _ configuration: KubeletConfiguration) -> SecurityProfile {
        switch profile?.type {
        case "RuntimeDefault": .runtimeDefault
        case "Localhost":
            .localhost("\(PodPaths(configuration).seccompProfiles)/\(profile?.localhostProfile ?? "")")
        case "Unconfined": .unconfined
        default: configuration.seccompDefault ? .runtimeDefault : .unconfined
        }
    }

    private static func appArmor(_ profile: AppArmorProfile?) -> SecurityProfile? {
        switch profile?.type {
        case "RuntimeDefault": .runtimeDefault
        case "Localhost": .localhost(profile?.localhostProfile ?? "")
        case "Unconfined": .unconfined
        default: nil
        }
    }
}

extension LinuxSandboxSecurityContext {
    package init(_ pod: Pod, user: UserNamespace?) {
        self.init()
        let shared = pod.spec.securityContext ?? PodSecurityContext()
        namespaceOptions = NamespaceOption(pod, user: user)
        runAsUser = shared.runAsUser
        runAsGroup = shared.runAsGroup
        supplementalGroups = (shared.fsGroup.map { [$0] } ?? []) + shared.supplementalGroups
        supplementalGroupsPolicy = shared.supplementalGroupsPolicy == "Strict" ? .strict : .merge
        privileged = (pod.spec.initContainers + pod.spec.containers).contains { $0.securityContext?.privileged ?? false }
        seccomp = .runtimeDefault
    }
}
