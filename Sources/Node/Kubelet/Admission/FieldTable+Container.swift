internal import APIMachinery

extension FieldTable {
    private static let notEphemeral = FieldSupport.missing("ephemeral containers have none; the API server refuses it")

    static let containerTables: [FieldTable] = [
        FieldTable(
            "Container",
            acting: """
                args command image imagePullPolicy name restartPolicy stdin stdinOnce terminationMessagePath terminationMessagePolicy tty \
                workingDir
                """,
            [
                "env": .members("EnvVar"),
                "envFrom": .members("EnvFromSource"),
                "lifecycle": .members("Lifecycle"),
                "livenessProbe": .members("Probe"),
                "ports": .members("ContainerPort"),
                "readinessProbe": .members("Probe"),
                "resizePolicy": .members("ContainerResizePolicy"),
                "resources": .members("ResourceRequirements"),
                "restartPolicyRules": .members("ContainerRestartRule"),
                "securityContext": .members("SecurityContext"),
                "startupProbe": .members("Probe"),
                "volumeDevices": .missing("block devices are not mapped"),
                "volumeMounts": .members("VolumeMount"),
            ]),
        FieldTable("ContainerResizePolicy", acting: "resourceName restartPolicy"),
        FieldTable(
            "ContainerRestartRule",
            [
                "action": .missing("only the container itself is started again", when: .value("RestartAllContainers")),
                "exitCodes": .members("ContainerRestartRuleOnExitCodes"),
            ]),
        FieldTable("ContainerRestartRuleOnExitCodes", acting: "operator values"),
        FieldTable(
            "EphemeralContainer",
            acting: """
                args command image imagePullPolicy name stdin stdinOnce targetContainerName terminationMessagePath terminationMessagePolicy \
                tty workingDir
                """,
            [
                "env": .members("EnvVar"),
                "envFrom": .members("EnvFromSource"),
                "lifecycle": notEphemeral, "livenessProbe": notEphemeral, "ports": notEphemeral, "readinessProbe": notEphemeral,
                "resizePolicy": notEphemeral, "resources": notEphemeral, "restartPolicy": notEphemeral, "restartPolicyRules": notEphemeral,
                "startupProbe": notEphemeral,
                "securityContext": .members("SecurityContext"),
                "volumeDevices": .missing("block devices are not mapped"),
                "volumeMounts": .members("VolumeMount"),
            ]),
        FieldTable("EnvVar", acting: "name value", ["valueFrom": .members("EnvVarSource")]),
        FieldTable(
            "EnvVarSource",
            [
                "configMapKeyRef": .members("ConfigMapKeySelector"), "secretKeyRef": .members("SecretKeySelector"),
                "fieldRef": .members("ObjectFieldSelector"), "resourceFieldRef": .members("ResourceFieldSelector"),
            ]),
        FieldTable("ConfigMapKeySelector", acting: "key name optional"),
        FieldTable("SecretKeySelector", acting: "key name optional"),
        FieldTable("ObjectFieldSelector", acting: "fieldPath", ["apiVersion": .needless("there is v1 only")]),
        FieldTable("ResourceFieldSelector", acting: "containerName divisor resource"),
        FieldTable(
            "EnvFromSource", acting: "prefix",
            ["configMapRef": .members("ConfigMapEnvSource"), "secretRef": .members("SecretEnvSource")]),
        FieldTable("ConfigMapEnvSource", acting: "name optional"),
        FieldTable("SecretEnvSource", acting: "name optional"),
        FieldTable(
            "Lifecycle", acting: "stopSignal", ["postStart": .members("LifecycleHandler"), "preStop": .members("LifecycleHandler")]),
        FieldTable(
            "LifecycleHandler",
            [
                "exec": .members("ExecAction"), "httpGet": .members("HTTPGetAction"), "sleep": .members("SleepAction"),
                "tcpSocket": .missing("no hook of this kind runs"),
            ]),
        FieldTable("ExecAction", acting: "command"),
        FieldTable("SleepAction", acting: "seconds"),
        FieldTable(
            "HTTPGetAction", acting: "host path port scheme",
            ["httpHeaders": .members("HTTPHeader")]),
        FieldTable(
            "Probe",
            acting: "failureThreshold initialDelaySeconds periodSeconds successThreshold terminationGracePeriodSeconds timeoutSeconds",
            [
                "exec": .members("ExecAction"), "grpc": .members("GRPCAction"), "httpGet": .members("HTTPGetAction"),
                "tcpSocket": .members("TCPSocketAction"),
            ]),
        FieldTable("GRPCAction", acting: "port service"),
        FieldTable("TCPSocketAction", acting: "host port"),
        FieldTable("HTTPHeader", acting: "name value"),
        FieldTable("ContainerPort", acting: "containerPort hostIP hostPort name protocol"),
        FieldTable(
            "ResourceRequirements",
            [
                "claims": .missing("no devices are allocated"),
                "limits": .withServer(.missingKeys(withoutDevice), alone: .missingKeys(withoutLimit)),
                // What is requested and may not be had by everybody is limited to the same amount.
                "requests": .acts,
            ]),
        FieldTable(
            "SecurityContext",
            acting: "allowPrivilegeEscalation privileged procMount readOnlyRootFilesystem runAsGroup runAsNonRoot runAsUser",
            [
                "appArmorProfile": .members("AppArmorProfile"),
                "capabilities": .members("Capabilities"),
                "seLinuxOptions": seLinux,
                "seccompProfile": .members("SeccompProfile"),
                "windowsOptions": windows,
            ]),
        FieldTable("Capabilities", acting: "add drop"),
        FieldTable("VolumeMount", acting: "mountPath mountPropagation name readOnly recursiveReadOnly subPath subPathExpr"),
    ]

    @Sendable private static func withoutLimit(_ resource: String) -> String? {
        resource == "ephemeral-storage" ? "it is not enforced" : withoutDevice(resource)
    }

    @Sendable private static func withoutDevice(_ resource: String) -> String? {
        switch resource {
        case "cpu", "memory", "ephemeral-storage": nil
        case _ where resource.hasPrefix("hugepages-"): nil
        default: "no device of this kind is given to it"
        }
    }
}
