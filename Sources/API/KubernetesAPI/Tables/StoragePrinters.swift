internal import APIMachinery

extension TablePrinters {
    static let storage: [String: TablePrinter] = [
        "core/v1.PersistentVolume": TablePrinter(
            "Name", "Capacity", "Access Modes", "Reclaim Policy", "Status", "Claim", "StorageClass",
            "VolumeAttributesClass", "Reason", "Age", "VolumeMode::1"
        ) { object, now in
            let spec = object["spec"]
            let claim = spec["claimRef"]
            let claimText = claim.isSet ? "\(claim["namespace"].string)/\(claim["name"].string)" : ""
            return [
                name(object), .string(spec["capacity", "storage"].string), .string(modes(spec["accessModes"])),
                .string(spec["persistentVolumeReclaimPolicy"].string), .string(phase(object)), .string(claimText),
                .string(storageClass(object)), text(spec["volumeAttributesClassName"], or: "<unset>"),
                .string(object["status", "reason"].string), age(object, now), text(spec["volumeMode"], or: "<unset>"),
            ]
        },
        "core/v1.PersistentVolumeClaim": TablePrinter(
            "Name", "Status", "Volume", "Capacity", "Access Modes", "StorageClass", "VolumeAttributesClass", "Age",
            "VolumeMode::1"
        ) { object, now in
            let (spec, status) = (object["spec"], object["status"])
            let isBound = !spec["volumeName"].isEmptyText
            let capacity = status["capacity", "storage"]
            return [
                name(object), .string(phase(object)), .string(spec["volumeName"].string),
                .string(isBound ? (capacity.isEmptyText ? "0" : capacity.string) : ""),
                .string(isBound ? modes(status["accessModes"]) : ""), .string(storageClass(object)),
                text(spec["volumeAttributesClassName"], or: "<unset>"), age(object, now),
                text(spec["volumeMode"], or: "<unset>"),
            ]
        },
        "storage/v1.StorageClass": TablePrinter(
            "Name", "Provisioner", "ReclaimPolicy", "VolumeBindingMode", "AllowVolumeExpansion:boolean", "Age"
        ) { object, now in
            let isDefault = object["metadata", "annotations"]["storageclass.kubernetes.io/is-default-class"].string == "true"
            let title = object["metadata", "name"].string + (isDefault ? " (default)" : "")
            return [
                .string(title), .string(object["provisioner"].string), text(object["reclaimPolicy"], or: "Delete"),
                text(object["volumeBindingMode"], or: "Immediate"), .bool(object["allowVolumeExpansion"].isTrue),
                age(object, now),
            ]
        },
        "storage/v1.CSIDriver": TablePrinter(
            "Name", "AttachRequired:boolean", "PodInfoOnMount:boolean", "StorageCapacity:boolean", "TokenRequests",
            "RequiresRepublish:boolean", "Modes", "Age"
        ) { object, now in
            let spec = object["spec"]
            let audiences = spec["tokenRequests"].items.map { $0["audience"].string }
            let modes = spec["volumeLifecycleModes"].strings
            return [
                name(object), .bool(spec["attachRequired"].value != false), .bool(spec["podInfoOnMount"].isTrue),
                .bool(spec["storageCapacity"].isTrue),
                .string(audiences.isEmpty ? "<unset>" : audiences.joined(separator: ",")),
                .bool(spec["requiresRepublish"].isTrue),
                .string(modes.isEmpty ? "<none>" : modes.joined(separator: ",")), age(object, now),
            ]
        },
        "storage/v1.CSINode": TablePrinter("Name", "Drivers:integer", "Age") { object, now in
            [name(object), .integer(Int64(object["spec", "drivers"].items.count)), age(object, now)]
        },
        "storage/v1.CSIStorageCapacity": createdAt,
        "storage/v1.VolumeAttachment": TablePrinter(
            "Name", "Attacher::0:name", "PV", "Node", "Attached:boolean", "Age"
        ) { object, now in
            let spec = object["spec"]
            return [
                name(object), .string(spec["attacher"].string), .string(spec["source", "persistentVolumeName"].string),
                .string(spec["nodeName"].string), .bool(object["status", "attached"].isTrue), age(object, now),
            ]
        },
    ]

    private static func phase(_ object: JSONField) -> String {
        object["metadata", "deletionTimestamp"].isSet ? "Terminating" : object["status", "phase"].string
    }

    private static func storageClass(_ object: JSONField) -> String {
        let annotation = object["metadata", "annotations"]["volume.beta.kubernetes.io/storage-class"]
        return annotation.isSet ? annotation.string : object["spec", "storageClassName"].string
    }

    private static let modeOrder = [
        ("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP"),
    ]

    private static func modes(_ field: JSONField) -> String {
        let given = Set(field.strings)
        return modeOrder.filter { given.contains($0.0) }.map(\.1).joined(separator: ",")
    }
}
