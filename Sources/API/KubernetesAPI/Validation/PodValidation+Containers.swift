internal import APIMachinery

/// What the rules for containers need to know of their pod.
struct PodContext {
    let spec: PodSpec
    /// Of names that are given twice the last one counts.
    let volumes: [String: Volume]
    /// Names of claims for devices.
    let claims: [String]
    var gracePeriodSeconds: Int64 { spec.terminationGracePeriodSeconds ?? 30 }

    init(_ spec: PodSpec) {
        self.spec = spec
        volumes = Dictionary(spec.volumes.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        claims = spec.resourceClaims.map(\.name)
    }
}

extension Validator {
    mutating func allContainers(_ spec: PodSpec, _ path: FieldPath) {
        let pod = PodContext(spec)
        if spec.containers.isEmpty { report(.required(path.child("containers"))) }
        var names: Set<String> = []
        var hostPorts: Set<String> = []
        for (index, container) in spec.containers.enumerated() {
            let path = path.child("containers").index(index)
            self.container(container, pod, path)
            uniqueName(container.name, &names, path)
            uniqueHostPorts(container.ports, &hostPorts, path)
            restartRules(container, path)
        }
        for (index, container) in spec.initContainers.enumerated() {
            let path = path.child("initContainers").index(index)
            self.container(container, pod, path)
            uniqueName(container.name, &names, path)
            var ownPorts: Set<String> = []
            // Init containers run one after the other: they may take the same port.
            uniqueHostPorts(container.ports, &ownPorts, path)
            initContainer(container, path)
        }
    }

    private mutating func uniqueName(_ name: String, _ names: inout Set<String>, _ path: FieldPath) {
        if !name.isEmpty, !names.insert(name).inserted { report(.duplicate(path.child("name"), .string(name))) }
    }

    private mutating func uniqueHostPorts(_ ports: [ContainerPort], _ seen: inout Set<String>, _ path: FieldPath) {
        for (index, port) in ports.enumerated() {
            guard let hostPort = port.hostPort else { continue }
            let text = "\(port.protocol ?? "")/\(port.hostIP ?? "")/\(hostPort)"
            if !seen.insert(text).inserted {
                report(.duplicate(path.child("ports").index(index).child("hostPort"), .string(text)))
            }
        }
    }

    /// A container's own restart policy and rules (KEP-5307).
    private mutating func restartRules(_ container: Container, _ path: FieldPath) {
        if let policy = container.restartPolicy {
            oneOf(policy, ["Always", "Never", "OnFailure"], path.child("restartPolicy"))
        } else if !container.restartPolicyRules.isEmpty {
            report(.required(path.child("restartPolicy"), "must specify restartPolicy when restart rules are used"))
        }
        let rules = path.child("restartPolicyRules")
        if container.restartPolicyRules.count > Self.restartRulesMax {
            report(.tooMany(rules, count: container.restartPolicyRules.count, max: Self.restartRulesMax))
        }
        for (index, rule) in container.restartPolicyRules.enumerated() { restartRule(rule, rules.index(index)) }
    }

    private static var restartRulesMax: Int { 20 }
    private static var restartExitCodesMax: Int { 255 }

    private mutating func restartRule(_ rule: ContainerRestartRule, _ path: FieldPath) {
        oneOf(rule.action, ["Restart", "RestartAllContainers"], path.child("action"))
        guard let codes = rule.exitCodes else { return report(.required(path.child("exitCodes"), "must be specified")) }
        oneOf(codes.operator, ["In", "NotIn"], path.child("exitCodes").child("operator"))
        if codes.values.count > Self.restartExitCodesMax {
            report(.tooMany(path.child("exitCodes").child("values"), count: codes.values.count, max: Self.restartExitCodesMax))
        }
    }

    private mutating func initContainer(_ container: Container, _ path: FieldPath) {
        restartRules(container, path)
        guard container.restartPolicy != "Always" else { return }
        let detail = "may not be set for init containers without restartPolicy=Always"
        for (field, isSet) in [
            ("lifecycle", container.lifecycle != nil), ("livenessProbe", container.livenessProbe != nil),
            ("readinessProbe", container.readinessProbe != nil), ("startupProbe", container.startupProbe != nil),
        ] where isSet {
            report(.forbidden(path.child(field), detail))
        }
    }

    private mutating func container(_ container: Container, _ pod: PodContext, _ path: FieldPath) {
        if require(container.name, path.child("name")) {
            invalid(path.child("name"), container.name, NameValidation.dns1123Label(container.name))
        }
        image(container.image, path.child("image"))
        lifecycle(container.lifecycle, pod, path.child("lifecycle"))
        probes(container, pod, path)
        oneOf(
            container.terminationMessagePolicy, ["FallbackToLogsOnError", "File"],
            path.child("terminationMessagePolicy"))
        ports(container.ports, isHostNetwork: pod.spec.hostNetwork == true, path.child("ports"))
        environment(container, path)
        volumeMounts(container, pod, path)
        oneOf(container.imagePullPolicy, ["Always", "IfNotPresent", "Never"], path.child("imagePullPolicy"))
        containerResources(container, pod, path)
        containerSecurityContext(
            container.securityContext, hostUsers: pod.spec.hostUsers, path.child("securityContext"))
    }

    private mutating func image(_ image: String?, _ path: FieldPath) {
        guard require(image, path), let image else { return }
        if image.first?.isWhitespace == true || image.last?.isWhitespace == true {
            report(.invalid(path, .string(image), "must not have leading or trailing whitespace"))
        }
    }

    private mutating func ports(_ ports: [ContainerPort], isHostNetwork: Bool, _ path: FieldPath) {
        var names: Set<String> = []
        for (index, port) in ports.enumerated() {
            let path = path.index(index)
            if let name = port.name {
                let problems = NameValidation.portName(name)
                invalid(path.child("name"), name, problems)
                if problems.isEmpty, !names.insert(name).inserted {
                    report(.duplicate(path.child("name"), .string(name)))
                }
            }
            portNumbers(port, isHostNetwork: isHostNetwork, path)
            if require(port.protocol, path.child("protocol")) {
                oneOf(port.protocol, ["SCTP", "TCP", "UDP"], path.child("protocol"))
            }
        }
    }

    private mutating func portNumbers(_ port: ContainerPort, isHostNetwork: Bool, _ path: FieldPath) {
        if port.containerPort == 0 {
            report(.required(path.child("containerPort")))
        } else {
            invalid(
                path.child("containerPort"), Int64(port.containerPort),
                NameValidation.portNumber(Int(port.containerPort)))
        }
        guard let hostPort = port.hostPort else { return }
        invalid(path.child("hostPort"), Int64(hostPort), NameValidation.portNumber(Int(hostPort)))
        if isHostNetwork, hostPort != port.containerPort {
            report(
                .invalid(
                    path.child("hostPort"), .integer(Int64(hostPort)),
                    "must match `containerPort` when `hostNetwork` is true"))
        }
    }

    private mutating func volumeMounts(_ container: Container, _ pod: PodContext, _ path: FieldPath) {
        var mountPaths: Set<String> = []
        for (index, mount) in container.volumeMounts.enumerated() {
            let mounts = path.child("volumeMounts")
            let path = mounts.index(index)
            _ = require(mount.name, path.child("name"))
            if pod.volumes[mount.name] == nil { report(.notFound(path.child("name"), .string(mount.name))) }
            if require(mount.mountPath, path.child("mountPath")),
                !mountPaths.insert(mount.mountPath).inserted
            {
                report(.invalid(path.child("mountPath"), .string(mount.mountPath), "must be unique"))
            }
            // Upstream's errors about these fields leave the index out.
            volumeMount(mount, container, mounts, path)
        }
        volumeDevices(container, pod, mountPaths, path)
    }

    private mutating func volumeMount(_ mount: VolumeMount, _ container: Container, _ path: FieldPath, _ indexed: FieldPath) {
        if let subPath = mount.subPath { relativePath(subPath, path.child("subPath")) }
        if let expression = mount.subPathExpr {
            if mount.subPath != nil {
                report(
                    .invalid(
                        indexed.child("subPathExpr"), .string(expression), "subPathExpr and subPath are mutually exclusive"))
            }
            relativePath(expression, path.child("subPathExpr"))
        }
        oneOf(
            mount.mountPropagation, ["Bidirectional", "HostToContainer", "None"], path.child("mountPropagation"))
        if mount.mountPropagation == "Bidirectional", container.securityContext?.privileged != true {
            report(
                .forbidden(
                    path.child("mountPropagation"),
                    "Bidirectional mount propagation is available only to privileged containers"))
        }
        recursiveReadOnly(mount, path)
    }

    private mutating func recursiveReadOnly(_ mount: VolumeMount, _ path: FieldPath) {
        guard let mode = mount.recursiveReadOnly else { return }
        let path = path.child("recursiveReadOnly")
        oneOf(mode, ["Disabled", "Enabled", "IfPossible"], path)
        guard mode == "Enabled" || mode == "IfPossible" else { return }
        if mount.readOnly != true { report(.forbidden(path, "may only be specified when readOnly is true")) }
        if let propagation = mount.mountPropagation, propagation != "None" {
            report(.forbidden(path, "may only be specified when mountPropagation is None or not specified"))
        }
    }

    private mutating func volumeDevices(
        _ container: Container, _ pod: PodContext, _ mountPaths: Set<String>, _ path: FieldPath
    ) {
        var devicePaths: Set<String> = []
        for (index, device) in container.volumeDevices.enumerated() {
            let path = path.child("volumeDevices").index(index)
            _ = require(device.name, path.child("name"))
            if pod.volumes[device.name] == nil { report(.notFound(path.child("name"), .string(device.name))) }
            guard require(device.devicePath, path.child("devicePath")) else { continue }
            noBacksteps(device.devicePath, path.child("devicePath"))
            if !devicePaths.insert(device.devicePath).inserted {
                report(.invalid(path.child("devicePath"), .string(device.devicePath), "must be unique"))
            }
            if mountPaths.contains(device.devicePath) {
                report(
                    .invalid(
                        path.child("devicePath"), .string(device.devicePath), "must not already exist in volumeMounts"))
            }
        }
    }
}
