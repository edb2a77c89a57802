internal import APIMachinery

/// A structure as upstream's errors show it: the JSON of its internal form, whose members have Go's names, stand in the
/// declaration's order and are null when absent.
enum GoValue {
    /// - Parameter members: Go's name, value in JSON, and what stands for absence.
    static func structure(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(JSONObject(members: members.map { JSONObject.Member(key: $0.key, value: $0.value ?? .null) }))
    }

    /// A structure of the schema, as far as its internal form has the same members.
    ///
    /// - Parameter without: Members that the internal form keeps elsewhere.
    static func of(_ value: JSONValue?, type name: String, without: Set<String> = []) -> JSONValue {
        guard let type = TypeGraph.builtIn.index(ofType: name) else { return value ?? .null }
        guard case .object(var shown) = object(value, type) else { return .null }
        for member in without { shown[goName(member)] = nil }
        return .object(shown)
    }

    private static func object(_ value: JSONValue?, _ type: Int) -> JSONValue {
        let node = TypeGraph.builtIn.nodes[type]
        var result = JSONObject()
        for name in orders[node.name] ?? node.fields.map(\.name) {
            guard let field = node.fields.first(where: { $0.name == name }) else {
                result.append(goName(name), .null)  // newer than the schema
                continue
            }
            let member = value?[name]
            result.append(goName(name), member.map { shown($0, field.shape) } ?? absent(field))
        }
        return .object(result)
    }

    private static func shown(_ value: JSONValue, _ shape: TypeGraph.Shape) -> JSONValue {
        switch (shape, value) {
        case (.object(let type), .object(let object)):
            keepsNames(type) ? .object(object) : self.object(value, type)
        case (.list(let element), .array(let elements)): .array(elements.map { shown($0, element) })
        case (.map(let element), .object(let object)):
            .object(JSONObject(members: object.members.map { .init(key: $0.key, value: shown($0.value, element)) }))
        default: value
        }
    }

    private static func absent(_ field: TypeGraph.Field) -> JSONValue {
        if field.isPointer { return .null }
        switch field.shape {
        case .string: return ""
        case .int32, .int64, .double: return 0
        case .bool: return false
        default: return field.filler.map { if case .value(let value) = $0 { value } else { [:] } } ?? .null
        }
    }

    /// Selectors and metadata have one form everywhere.
    private static func keepsNames(_ type: Int) -> Bool { TypeGraph.builtIn.nodes[type].name.hasPrefix("meta/v1.") }

    /// Where the internal order is not that of the protobuf numbers.
    private static let orders: [String: [String]] = [
        "core/v1.PodSpec": [
            "volumes", "initContainers", "containers", "ephemeralContainers", "restartPolicy",
            "terminationGracePeriodSeconds", "activeDeadlineSeconds", "dnsPolicy", "nodeSelector", "serviceAccountName",
            "automountServiceAccountToken", "nodeName", "securityContext", "imagePullSecrets", "hostname", "subdomain",
            "setHostnameAsFQDN", "affinity", "schedulerName", "tolerations", "hostAliases", "priorityClassName",
            "priority", "preemptionPolicy", "dnsConfig", "readinessGates", "runtimeClassName", "overhead",
            "enableServiceLinks", "topologySpreadConstraints", "os", "schedulingGates", "resourceClaims", "resources",
            "hostnameOverride", "schedulingGroup",
        ],
        "core/v1.PodSecurityContext": [
            "seLinuxOptions", "windowsOptions", "runAsUser", "runAsGroup", "runAsNonRoot", "supplementalGroups",
            "supplementalGroupsPolicy", "fsGroup", "fsGroupChangePolicy", "sysctls", "seccompProfile",
            "appArmorProfile", "seLinuxChangePolicy",
        ],
        "core/v1.Container": containerOrder,
        "core/v1.EphemeralContainer": containerOrder + ["targetContainerName"],
        "core/v1.Volume": [
            "name", "hostPath", "emptyDir", "gcePersistentDisk", "awsElasticBlockStore", "gitRepo", "secret", "nfs",
            "iscsi", "glusterfs", "persistentVolumeClaim", "rbd", "quobyte", "flexVolume", "cinder", "cephfs", "flocker",
            "downwardAPI", "fc", "azureFile", "configMap", "vsphereVolume", "azureDisk", "photonPersistentDisk",
            "projected", "portworxVolume", "scaleIO", "storageos", "csi", "ephemeral", "image",
        ],
        "core/v1.PersistentVolumeSpec": [
            "gcePersistentDisk", "awsElasticBlockStore", "hostPath", "glusterfs", "nfs", "rbd", "quobyte", "iscsi",
            "flexVolume", "cinder", "cephfs", "fc", "flocker", "azureFile", "vsphereVolume", "azureDisk",
            "photonPersistentDisk", "portworxVolume", "scaleIO", "local", "storageos", "csi",
        ],
        "core/v1.PersistentVolumeClaimSpec": [
            "accessModes", "selector", "resources", "volumeName", "storageClassName", "volumeMode", "dataSource",
            "dataSourceRef", "volumeAttributesClassName",
        ],
        "core/v1.ServicePort": ["name", "protocol", "appProtocol", "port", "targetPort", "nodePort"],
        "core/v1.SecurityContext": [
            "capabilities", "privileged", "seLinuxOptions", "windowsOptions", "runAsUser", "runAsGroup", "runAsNonRoot",
            "readOnlyRootFilesystem", "allowPrivilegeEscalation", "procMount", "seccompProfile", "appArmorProfile",
        ],
        "policy/v1.PodDisruptionBudgetSpec": [
            "minAvailable", "selector", "maxUnavailable", "unhealthyPodEvictionPolicy",
        ],
        "apiextensions/v1.CustomResourceDefinitionVersion": [
            "name", "served", "storage", "deprecated", "deprecationWarning", "schema", "subresources",
            "additionalPrinterColumns", "selectableFields",
        ],
        "apiextensions/v1.ValidationRule": [
            "rule", "message", "messageExpression", "reason", "fieldPath", "optionalOldSelf",
        ],
    ]

    private static let containerOrder = [
        "name", "image", "command", "args", "workingDir", "ports", "envFrom", "env", "resources", "resizePolicy",
        "restartPolicy", "restartPolicyRules", "volumeMounts", "volumeDevices", "livenessProbe", "readinessProbe",
        "startupProbe", "lifecycle", "terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy",
        "securityContext", "stdin", "stdinOnce", "tty",
    ]

    static func goName(_ name: String) -> String {
        if let special = specialNames[name] { return special }
        return name.prefix(1).uppercased() + name.dropFirst()
    }

    private static let specialNames = [
        "apiGroup": "APIGroup", "apiVersion": "APIVersion", "uid": "UID", "seLinuxOptions": "SELinuxOptions",
        "tty": "TTY", "clusterIP": "ClusterIP", "hostIP": "HostIP", "dnsPolicy": "DNSPolicy",
        "dnsConfig": "DNSConfig", "os": "OS", "fsGroup": "FSGroup", "fsGroupChangePolicy": "FSGroupChangePolicy",
        "seLinuxChangePolicy": "SELinuxChangePolicy", "gcePersistentDisk": "GCEPersistentDisk",
        "awsElasticBlockStore": "AWSElasticBlockStore", "nfs": "NFS", "iscsi": "ISCSI", "rbd": "RBD", "fc": "FC",
        "csi": "CSI", "cephfs": "CephFS", "storageos": "StorageOS", "httpGet": "HTTPGet", "tcpSocket": "TCPSocket",
        "grpc": "GRPC",
    ]
}
