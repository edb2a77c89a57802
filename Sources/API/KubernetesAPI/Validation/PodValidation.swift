package import APIMachinery

/// What kube-apiserver refuses of a pod, in its words. Defaults have to be applied before.
///
/// On purpose different: a volume mount's errors name its index, and `restartPolicy` is for init containers alone (rules
/// for single containers are not there yet).
package enum PodValidation {
    /// - Parameter path: Where the pod stands, for the errors' paths.
    /// - Returns: All errors; none when the pod may be created.
    package static func validate(_ pod: Pod, at path: FieldPath = .root) -> [FieldError] {
        var validator = Validator()
        validator.validate(
            pod.metadata, isNamespaced: true, at: path.child("metadata"), name: NameValidation.dns1123Subdomain)
        validator.podAnnotations(pod, path.child("metadata", "annotations"))
        validator.podSpec(pod.spec, path.child("spec"))
        validator.creation(of: pod.spec, path.child("spec"))
        return validator.errors
    }

    /// Validates the spec of a pod or of a pod template.
    package static func validate(_ spec: PodSpec, at path: FieldPath) -> [FieldError] {
        var validator = Validator()
        validator.podSpec(spec, path)
        return validator.errors
    }
}

extension Validator {
    mutating func podAnnotations(_ pod: Pod, _ path: FieldPath) {
        let mirror = "kubernetes.io/config.mirror"
        if let value = pod.metadata.annotations[mirror], pod.spec.nodeName == nil {
            report(.invalid(path.key(mirror), .string(value), "must set spec.nodeName if mirror pod annotation is set"))
        }
        let prefix = "container.apparmor.security.beta.kubernetes.io/"
        for (key, value) in pod.metadata.annotations.sorted(by: { $0.key < $1.key }) where key.hasPrefix(prefix) {
            let name = String(key.dropFirst(prefix.count))
            if !pod.spec.containerNames.contains(name) {
                report(.invalid(path.key(key), .string(name), "container not found"))
            }
            if value != "runtime/default", value != "unconfined", !value.hasPrefix("localhost/") {
                report(.invalid(path.key(key), .string(value), "invalid AppArmor profile name: \(value.quoted)"))
            }
        }
    }

    /// What holds when a pod is made and not for a template.
    mutating func creation(of spec: PodSpec, _ path: FieldPath) {
        if !spec.ephemeralContainers.isEmpty {
            report(.forbidden(path.child("ephemeralContainers"), "cannot be set on create"))
        }
        if !spec.schedulingGates.isEmpty, spec.nodeName != nil {
            report(.forbidden(path.child("nodeName"), "cannot be set until all schedulingGates have been cleared"))
        }
    }

    mutating func podSpec(_ spec: PodSpec, _ path: FieldPath) {
        volumes(spec.volumes, path.child("volumes"))
        allContainers(spec, path)
        oneOf(spec.restartPolicy, ["Always", "OnFailure", "Never"], path.child("restartPolicy"))
        podDNS(spec, path)
        labels(spec.nodeSelector, path.child("nodeSelector"))
        hostNamespaces(spec, path)
        podSecurityContext(spec, path.child("securityContext"))
        scheduling(spec, path)
        podResources(spec, path.child("resources"))
        names(spec, path)
        inRange(spec.activeDeadlineSeconds, 1...Int64(Int32.max), path.child("activeDeadlineSeconds"))
        hostAliases(spec.hostAliases, path.child("hostAliases"))
        operatingSystem(spec, path)
    }

    private mutating func names(_ spec: PodSpec, _ path: FieldPath) {
        let subdomains: [(String, String?)] = [
            ("serviceAccountName", spec.serviceAccountName), ("nodeName", spec.nodeName),
            ("priorityClassName", spec.priorityClassName), ("runtimeClassName", spec.runtimeClassName),
        ]
        for (field, name) in subdomains {
            if let name { invalid(path.child(field), name, NameValidation.dns1123Subdomain(name)) }
        }
        for (field, name) in [("hostname", spec.hostname), ("subdomain", spec.subdomain)] {
            if let name { invalid(path.child(field), name, NameValidation.dns1123Label(name)) }
        }
        oneOf(spec.preemptionPolicy, ["Never", "PreemptLowerPriority"], path.child("preemptionPolicy"))
    }

    private mutating func hostNamespaces(_ spec: PodSpec, _ path: FieldPath) {
        if spec.shareProcessNamespace == true, spec.hostPID == true {
            report(
                .invalid(
                    path.child("securityContext", "shareProcessNamespace"), true,
                    "ShareProcessNamespace and HostPID cannot both be enabled"))
        }
        guard spec.hostUsers == false else { return }
        for (field, isSet) in [
            ("hostNetwork", spec.hostNetwork), ("hostPID", spec.hostPID), ("hostIPC", spec.hostIPC),
        ] where isSet == true {
            report(.forbidden(path.child(field), "when `hostUsers` is false"))
        }
        for (index, container) in spec.containers.enumerated() where !container.volumeDevices.isEmpty {
            report(
                .forbidden(
                    path.child("containers").index(index).child("volumeDevices"), "when `hostUsers` is false"))
        }
    }

    private mutating func hostAliases(_ aliases: [HostAlias], _ path: FieldPath) {
        for (index, alias) in aliases.enumerated() {
            invalid(path.index(index).child("ip"), alias.ip, NameValidation.ipAddress(alias.ip))
            for (hostIndex, name) in alias.hostnames.enumerated() {
                invalid(
                    path.index(index).child("hostnames").index(hostIndex), name, NameValidation.dns1123Subdomain(name))
            }
        }
    }

    private mutating func operatingSystem(_ spec: PodSpec, _ path: FieldPath) {
        guard let os = spec.os else { return }
        if os.name.isEmpty { return report(.required(path.child("os", "name"), "cannot be empty")) }
        oneOf(os.name, ["linux", "windows"], path.child("os"))
        guard os.name == "linux" else { return }
        let detail = "windows options cannot be set for a linux pod"
        if spec.securityContext?.windowsOptions != nil {
            report(.forbidden(path.child("securityContext", "windowsOptions"), detail))
        }
        for (index, container) in spec.containers.enumerated() where container.securityContext?.windowsOptions != nil {
            report(
                .forbidden(
                    path.child("containers").index(index).child("securityContext", "windowsOptions"), detail))
        }
    }
}

extension PodSpec {
    /// Names of init, ordinary and ephemeral containers.
    var containerNames: [String] {
        initContainers.map(\.name) + containers.map(\.name) + ephemeralContainers.map(\.name)
    }
}
