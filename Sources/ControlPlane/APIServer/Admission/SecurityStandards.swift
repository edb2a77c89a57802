internal import APIMachinery

/// The checks of the Pod Security Standards on a pod's spec. Pure.
struct SecurityStandards {
    struct Violation: Hashable {
        var reason: String
        var detail: String
    }
    private let spec: JSONObject
    /// Init containers first.
    private let containers: [JSONValue]

    init(_ spec: JSONObject) {
        self.spec = spec
        containers = ["initContainers", "containers", "ephemeralContainers"].flatMap { spec[$0]?.arrayValue ?? [] }
    }

    /// - Parameter level: `baseline` or `restricted`.
    func violations(of level: String) -> [Violation] {
        let isRestricted = level == "restricted"
        var found: [Violation?] = [appArmor]
        if !isRestricted { found.append(defaultCapabilities) }
        found.append(hostNamespaces)
        if !isRestricted { found.append(hostPaths) }
        found += [hostPorts, hostProbes, privileged, procMount, seLinux]
        if !isRestricted { found.append(seccomp(isRequired: false)) }
        found += [sysctls, hostProcess]
        if isRestricted {
            found += [privilegeEscalation, restrictedCapabilities, volumeTypes, nonRoot, rootUser, seccomp(isRequired: true)]
        }
        return found.compactMap(\.self)
    }

    // MARK: words

    private func names(_ containers: [JSONValue]) -> String {
        let names = containers.map { ($0["name"]?.stringValue ?? "").quoted }.joined(separator: ", ")
        return "container\(containers.count == 1 ? "" : "s") \(names)"
    }
    private func quoted(_ texts: [String]) -> String { texts.map(\.quoted).joined(separator: ", ") }
    private func context(_ container: JSONValue) -> JSONValue { container["securityContext"] ?? .null }
    private var podContext: JSONValue { spec["securityContext"] ?? .null }

    private func violation(_ reason: String, _ details: [String]) -> Violation? {
        details.isEmpty ? nil : Violation(reason: reason, detail: details.joined(separator: "; "))
    }

    // MARK: baseline

    private static let baselineCapabilities: Set<String> = [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP",
        "SETUID", "SYS_CHROOT",
    ]

    private func added(_ container: JSONValue) -> [String] {
        (context(container)["capabilities"]?["add"]?.arrayValue ?? []).compactMap(\.stringValue)
    }

    /// Containers that add capabilities beyond those allowed.
    private func forbiddenCapabilities(_ allowed: Set<String>) -> [String] {
        let bad = containers.filter { !allowed.isSuperset(of: added($0)) }
        guard !bad.isEmpty else { return [] }
        let capabilities = Set(bad.flatMap(added)).subtracting(allowed).sorted()
        return ["\(names(bad)) must not include \(quoted(capabilities)) in securityContext.capabilities.add"]
    }

    private var defaultCapabilities: Violation? {
        violation("non-default capabilities", forbiddenCapabilities(Self.baselineCapabilities))
    }

    private var hostNamespaces: Violation? {
        let used = ["hostNetwork", "hostPID", "hostIPC"].filter { spec[$0]?.boolValue == true }.map { "\($0)=true" }
        return violation("host namespaces", used.isEmpty ? [] : [used.joined(separator: ", ")])
    }

    private var hostPaths: Violation? {
        let names = (spec["volumes"]?.arrayValue ?? []).filter { $0["hostPath"] != nil }.compactMap { $0["name"]?.stringValue }
        return violation("hostPath volumes", names.isEmpty ? [] : ["volume\(names.count == 1 ? "" : "s") \(quoted(names))"])
    }

    private var hostPorts: Violation? {
        func ports(_ container: JSONValue) -> [Int64] {
            (container["ports"]?.arrayValue ?? []).compactMap { $0["hostPort"]?.integerValue }.filter { $0 != 0 }
        }
        let bad = containers.filter { !ports($0).isEmpty }
        let all = Set(bad.flatMap(ports)).sorted()
        guard !bad.isEmpty else { return nil }
        return violation(
            "hostPort",
            [
                "\(names(bad)) use\(bad.count == 1 ? "s" : "") hostPort\(all.count == 1 ? "" : "s") \(all.map { String($0) }.joined(separator: ", "))"
            ])
    }

    private var hostProbes: Violation? {
        func hosts(_ container: JSONValue) -> [String] {
            let handlers =
                ["livenessProbe", "readinessProbe", "startupProbe"].map { container[$0] }
                + ["postStart", "preStop"].map { container["lifecycle"]?[$0] }
            return handlers.flatMap { [$0?["httpGet"]?["host"], $0?["tcpSocket"]?["host"]] }.compactMap { $0?.stringValue }
                .filter { !$0.isEmpty }
        }
        let bad = containers.filter { !hosts($0).isEmpty }
        guard !bad.isEmpty else { return nil }
        let all = Set(bad.flatMap(hosts)).sorted()
        return violation(
            "probe or lifecycle host",
            ["\(names(bad)) use\(bad.count == 1 ? "s" : "") probe or lifecycle host\(all.count == 1 ? "" : "s") \(quoted(all))"])
    }

    private var privileged: Violation? {
        let bad = containers.filter { context($0)["privileged"]?.boolValue == true }
        return violation("privileged", bad.isEmpty ? [] : ["\(names(bad)) must not set securityContext.privileged=true"])
    }

    private var procMount: Violation? {
        guard spec["hostUsers"]?.boolValue != false else { return nil }
        let bad = containers.filter { !["", "Default"].contains(context($0)["procMount"]?.stringValue ?? "") }
        let types = Set(bad.compactMap { context($0)["procMount"]?.stringValue }).sorted()
        return violation("procMount", bad.isEmpty ? [] : ["\(names(bad)) must not set securityContext.procMount to \(quoted(types))"])
    }

    private var appArmor: Violation? {
        func type(_ context: JSONValue) -> String { context["appArmorProfile"]?["type"]?.stringValue ?? "" }
        let bad = containers.filter { type(context($0)) == "Unconfined" }
        var setters: [String] = []
        if type(podContext) == "Unconfined" { setters.append("pod") }
        if !bad.isEmpty { setters.append(names(bad)) }
        let plural = bad.count > 1 || setters.count > 1 ? "profiles" : "profile"
        return setters.isEmpty
            ? nil
            : Violation(
                reason: "forbidden AppArmor \(plural)",
                detail: "\(setters.joined(separator: " and ")) must not set AppArmor profile type to \"Unconfined\"")
    }

    private static let seLinuxTypes: Set<String> = [
        "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t",
    ]

    private var seLinux: Violation? {
        func isBad(_ context: JSONValue) -> Bool {
            let options = context["seLinuxOptions"]
            return !Self.seLinuxTypes.contains(options?["type"]?.stringValue ?? "")
                || !["user", "role"].allSatisfy { (options?[$0]?.stringValue ?? "").isEmpty }
        }
        let bad = containers.filter { isBad(context($0)) }
        let contexts = (isBad(podContext) ? [podContext] : []) + bad.map(context)
        guard !contexts.isEmpty else { return nil }
        var setters: [String] = isBad(podContext) ? ["pod"] : []
        if !bad.isEmpty { setters.append(names(bad)) }
        let types = Set(contexts.compactMap { $0["seLinuxOptions"]?["type"]?.stringValue }).subtracting(Self.seLinuxTypes).sorted()
        var details: [String] = types.isEmpty ? [] : ["type\(types.count == 1 ? "" : "s") \(quoted(types))"]
        for field in ["user", "role"] where contexts.contains(where: { !($0["seLinuxOptions"]?[field]?.stringValue ?? "").isEmpty }) {
            details.append("\(field) may not be set")
        }
        return Violation(
            reason: "seLinuxOptions",
            detail: "\(setters.joined(separator: " and ")) set forbidden securityContext.seLinuxOptions: \(details.joined(separator: "; "))"
        )
    }

    private static let safeSysctls: Set<String> = [
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    ]

    private var sysctls: Violation? {
        let bad = (podContext["sysctls"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }.filter { !Self.safeSysctls.contains($0) }
        return violation("forbidden sysctls", bad.isEmpty ? [] : [bad.joined(separator: ", ")])
    }

    private var hostProcess: Violation? {
        func isSet(_ context: JSONValue) -> Bool { context["windowsOptions"]?["hostProcess"]?.boolValue == true }
        var setters: [String] = isSet(podContext) ? ["pod"] : []
        let bad = containers.filter { isSet(context($0)) }
        if !bad.isEmpty { setters.append(names(bad)) }
        return violation(
            "hostProcess",
            setters.isEmpty ? [] : ["\(setters.joined(separator: " and ")) must not set securityContext.windowsOptions.hostProcess=true"])
    }

    // MARK: restricted

    private var privilegeEscalation: Violation? {
        let bad = containers.filter { context($0)["allowPrivilegeEscalation"]?.boolValue != false }
        return violation(
            "allowPrivilegeEscalation != false",
            bad.isEmpty ? [] : ["\(names(bad)) must set securityContext.allowPrivilegeEscalation=false"])
    }

    private var restrictedCapabilities: Violation? {
        let undropped = containers.filter {
            !(context($0)["capabilities"]?["drop"]?.arrayValue ?? []).contains("ALL")
        }
        var details = undropped.isEmpty ? [] : ["\(names(undropped)) must set securityContext.capabilities.drop=[\"ALL\"]"]
        details += forbiddenCapabilities(["NET_BIND_SERVICE"])
        return violation("unrestricted capabilities", details)
    }

    private static let volumeSources: Set<String> = [
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
    ]

    private var volumeTypes: Violation? {
        let bad = (spec["volumes"]?.arrayValue ?? []).compactMap { volume -> (name: String, source: String)? in
            guard let source = volume.objectValue?.keys.first(where: { $0 != "name" }), !Self.volumeSources.contains(source)
            else { return nil }
            return (volume["name"]?.stringValue ?? "", source)
        }
        guard !bad.isEmpty else { return nil }
        let types = Set(bad.map(\.source)).sorted()
        let isOne = bad.count == 1
        return Violation(
            reason: "restricted volume types",
            detail: "volume\(isOne ? "" : "s") \(quoted(bad.map(\.name))) use\(isOne ? "s" : "") restricted volume "
                + "type\(types.count == 1 ? "" : "s") \(quoted(types))")
    }

    private var nonRoot: Violation? {
        var setters: [String] = podContext["runAsNonRoot"]?.boolValue == false ? ["pod"] : []
        let explicit = containers.filter { context($0)["runAsNonRoot"]?.boolValue == false }
        if !explicit.isEmpty { setters.append(names(explicit)) }
        guard setters.isEmpty else {
            return Violation(
                reason: "runAsNonRoot != true",
                detail: "\(setters.joined(separator: " and ")) must not set securityContext.runAsNonRoot=false")
        }
        guard podContext["runAsNonRoot"]?.boolValue != true else { return nil }
        let missing = containers.filter { context($0)["runAsNonRoot"]?.boolValue == nil }
        return violation(
            "runAsNonRoot != true", missing.isEmpty ? [] : ["pod or \(names(missing)) must set securityContext.runAsNonRoot=true"])
    }

    private var rootUser: Violation? {
        var setters: [String] = podContext["runAsUser"]?.integerValue == 0 ? ["pod"] : []
        let bad = containers.filter { context($0)["runAsUser"]?.integerValue == 0 }
        if !bad.isEmpty { setters.append(names(bad)) }
        return violation("runAsUser=0", setters.isEmpty ? [] : ["\(setters.joined(separator: " and ")) must not set runAsUser=0"])
    }

    private func seccomp(isRequired: Bool) -> Violation? {
        func type(_ context: JSONValue) -> String { context["seccompProfile"]?["type"]?.stringValue ?? "" }
        let allowed = ["RuntimeDefault", "Localhost"]
        func isBad(_ type: String) -> Bool { !type.isEmpty && !allowed.contains(type) }
        var setters: [String] = isBad(type(podContext)) ? ["pod"] : []
        let bad = containers.filter { isBad(type(context($0))) }
        if !bad.isEmpty { setters.append(names(bad)) }
        guard setters.isEmpty else {
            let types = Set(([podContext] + bad.map(context)).map(type).filter(isBad)).sorted()
            return Violation(
                reason: "seccompProfile",
                detail: "\(setters.joined(separator: " and ")) must not set securityContext.seccompProfile.type to \(quoted(types))")
        }
        guard isRequired, !allowed.contains(type(podContext)) else { return nil }
        let missing = containers.filter { type(context($0)).isEmpty }
        return violation(
            "seccompProfile",
            missing.isEmpty
                ? [] : ["pod or \(names(missing)) must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\""])
    }
}
