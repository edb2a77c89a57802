internal import APIMachinery

extension Validator {
    /// Users and groups (apimachinery, IsValidUserID): the upper half of the kernel's range is left out.
    private static let idRange: ClosedRange<Int64> = 0...Int64(Int32.max)

    mutating func podSecurityContext(_ spec: PodSpec, _ path: FieldPath) {
        guard let context = spec.securityContext else { return }
        if spec.os?.name == "windows" { windowsForbids(context, path) }
        inRange(context.fsGroup, Self.idRange, path.child("fsGroup"))
        inRange(context.runAsUser, Self.idRange, path.child("runAsUser"))
        inRange(context.runAsGroup, Self.idRange, path.child("runAsGroup"))
        for (index, group) in context.supplementalGroups.enumerated() {
            inRange(group, Self.idRange, path.child("supplementalGroups").index(index))
        }
        sysctls(context.sysctls, spec, path.child("sysctls"))
        oneOf(context.fsGroupChangePolicy, ["Always", "OnRootMismatch"], path.child("fsGroupChangePolicy"))
        oneOf(context.supplementalGroupsPolicy, ["Merge", "Strict"], path.child("supplementalGroupsPolicy"))
        oneOf(context.seLinuxChangePolicy, ["Recursive"], path.child("seLinuxChangePolicy"))
        seccomp(context.seccompProfile, path.child("seccompProfile"))
        appArmor(context.appArmorProfile, path.child("appArmorProfile"))
    }

    private mutating func windowsForbids(_ context: PodSecurityContext, _ path: FieldPath) {
        let members = context.jsonObject.keys.filter { $0 != "windowsOptions" && $0 != "runAsNonRoot" }
        for member in members { report(.forbidden(path.child(member), "cannot be set for a windows pod")) }
    }

    private mutating func sysctls(_ sysctls: [Sysctl], _ spec: PodSpec, _ path: FieldPath) {
        var seen: Set<String> = []
        for (index, sysctl) in sysctls.enumerated() {
            let path = path.index(index).child("name")
            guard require(sysctl.name, path) else { continue }
            if !NameValidation.sysctlName(sysctl.name) {
                let part = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
                report(
                    .invalid(
                        path, .string(sysctl.name),
                        "must have at most 253 characters and match regex ^(\(part)[\\./])*\(part)$"))
            } else if !seen.insert(Self.dotted(sysctl.name)).inserted {
                report(.duplicate(path, .string(sysctl.name)))
            }
            hostSysctl(sysctl.name, spec, path)
        }
    }

    /// A parameter's name with dots, whether it was written with dots or with slashes (sysctl.d(5)).
    private static func dotted(_ name: String) -> String {
        guard let first = name.first(where: { $0 == "." || $0 == "/" }), first == "/" else { return name }
        return String(name.map { $0 == "/" ? "." : $0 == "." ? "/" : $0 })
    }

    /// In the host's namespace a parameter would change the host.
    private mutating func hostSysctl(_ name: String, _ spec: PodSpec, _ path: FieldPath) {
        let name = Self.dotted(name)
        if spec.hostNetwork == true, name.hasPrefix("net.") {
            report(.invalid(path, .string(name), "may not be specified when 'hostNetwork' is set to true"))
        }
        let isIPC = ["kernel.shm", "kernel.msg", "fs.mqueue."].contains { name.hasPrefix($0) } || name == "kernel.sem"
        if spec.hostIPC == true, isIPC {
            report(.invalid(path, .string(name), "may not be specified when 'hostIPC' is set to true"))
        }
    }

    mutating func containerSecurityContext(_ context: SecurityContext?, hostUsers: Bool?, _ path: FieldPath) {
        guard let context else { return }
        inRange(context.runAsUser, Self.idRange, path.child("runAsUser"))
        inRange(context.runAsGroup, Self.idRange, path.child("runAsGroup"))
        oneOf(context.procMount, ["Default", "Unmasked"], path.child("procMount"))
        if context.procMount == "Unmasked", hostUsers != false {
            report(
                .invalid(path.child("procMount"), "Unmasked", "`hostUsers` must be false to use `Unmasked`"))
        }
        seccomp(context.seccompProfile, path.child("seccompProfile"))
        appArmor(context.appArmorProfile, path.child("appArmorProfile"))
        guard context.allowPrivilegeEscalation == false else { return }
        if context.privileged == true {
            report(
                .invalid(
                    path, GoValue.of(context.json, type: "core/v1.SecurityContext"),
                    "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"))
        }
        if context.capabilities?.add.contains("CAP_SYS_ADMIN") == true {
            report(
                .invalid(
                    path, GoValue.of(context.json, type: "core/v1.SecurityContext"),
                    "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"))
        }
    }

    private mutating func seccomp(_ profile: SeccompProfile?, _ path: FieldPath) {
        guard let profile else { return }
        guard !profile.type.isEmpty else {
            return report(.required(path.child("type"), "type is required when seccompProfile is set"))
        }
        oneOf(profile.type, ["Localhost", "RuntimeDefault", "Unconfined"], path.child("type"))
        let field = path.child("localhostProfile")
        if profile.type == "Localhost" {
            guard let name = profile.localhostProfile, !name.isEmpty else {
                return report(.required(field, "must be set when seccomp type is Localhost"))
            }
            relativePath(name, field)
        } else if let name = profile.localhostProfile {
            report(.invalid(field, .string(name), "can only be set when seccomp type is Localhost"))
        }
    }

    private mutating func appArmor(_ profile: AppArmorProfile?, _ path: FieldPath) {
        guard let profile else { return }
        guard !profile.type.isEmpty else {
            return report(.required(path.child("type"), "type is required when appArmorProfile is set"))
        }
        oneOf(profile.type, ["Localhost", "RuntimeDefault", "Unconfined"], path.child("type"))
        let field = path.child("localhostProfile")
        if profile.type == "Localhost" {
            let name = profile.localhostProfile ?? ""
            if name.allSatisfy(\.isWhitespace) {
                report(.required(field, "must be set when AppArmor type is Localhost"))
            } else if name.utf8.count > 4095 {
                report(.tooLong(field, maxBytes: 4095))
            } else if name.first?.isWhitespace == true || name.last?.isWhitespace == true {
                report(.invalid(field, .string(name), "must not be padded with whitespace"))
            }
        } else if let name = profile.localhostProfile {
            report(.invalid(field, .string(name), "can only be set when AppArmor type is Localhost"))
        }
    }
}
