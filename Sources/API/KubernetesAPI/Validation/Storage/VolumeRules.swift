internal import APIMachinery

extension Validator {
    private static let accessModeNames = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]
    /// Members of a PersistentVolume's spec that are no source.
    static let volumeMembers: Set<String> = [
        "capacity", "accessModes", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName", "mountOptions",
        "volumeMode", "nodeAffinity", "volumeAttributesClassName",
    ]

    mutating func persistentVolume(_ object: JSONField) {
        let spec = object["spec"]
        volumeAccess(spec["accessModes"])
        volumeCapacity(spec["capacity"])
        oneOf(spec["persistentVolumeReclaimPolicy"], ["Delete", "Recycle", "Retain"])
        volumeSource(spec)
        if spec["local"].isSet, !spec["nodeAffinity"].isSet {
            report(.required(spec["nodeAffinity"].path, "Local volume requires node affinity"))
        }
        if spec["hostPath", "path"].string == "/", spec["persistentVolumeReclaimPolicy"].string == "Recycle" {
            report(
                .forbidden(
                    spec["persistentVolumeReclaimPolicy"].path, "may not be 'recycle' for a hostPath mount of '/'"))
        }
        namedIfSet(spec["storageClassName"], NameValidation.dns1123Subdomain)
        oneOf(spec["volumeMode"], ["Block", "Filesystem"])
    }

    private mutating func volumeAccess(_ modes: JSONField) {
        if modes.items.isEmpty { report(.required(modes.path)) }
        for mode in modes.items where !Self.accessModeNames.contains(mode.string) {
            report(.notSupported(modes.path, mode.shown, supported: Self.accessModeNames))
        }
        if modes.strings.contains("ReadWriteOncePod"), modes.items.count > 1 {
            report(.forbidden(modes.path, "may not use ReadWriteOncePod with other access modes"))
        }
    }

    private mutating func volumeCapacity(_ capacity: JSONField) {
        if capacity.object.isEmpty { report(.required(capacity.path)) }
        if capacity.object.index(of: "storage") == nil || capacity.object.count > 1 {
            report(.notSupported(capacity.path, .object(capacity.object), supported: ["storage"]))
        }
        for entry in capacity.entries {
            guard let amount = entry.field.quantity, entry.key == "storage", amount <= .zero else { continue }
            invalid(entry.field, Self.isNotPositive)
        }
    }

    private mutating func volumeSource(_ spec: JSONField) {
        let sources = spec.object.keys.filter { !Self.volumeMembers.contains($0) }
        if sources.isEmpty { report(.required(spec.path, "must specify a volume type")) }
        for source in sources.dropFirst() {
            report(.forbidden(spec[source].path, "may not specify more than 1 volume type"))
        }
        switch sources.first {
        case "hostPath":
            let path = spec["hostPath", "path"]
            if required(path) { noBacksteps(path.string, path.path) }
            oneOf(
                spec["hostPath", "type"],
                ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"])
        case "local":
            let path = spec["local", "path"]
            if required(path) { noBacksteps(path.string, path.path) }
        case "nfs":
            required(spec["nfs", "server"])
            let path = spec["nfs", "path"]
            if required(path), !path.string.hasPrefix("/") { invalid(path, "must be an absolute path") }
        case "csi":
            if required(spec["csi", "driver"]) { named(spec["csi", "driver"]) { NameValidation.dns1123Subdomain($0.lowercased()) } }
            required(spec["csi", "volumeHandle"])
        case "iscsi":
            for name in ["targetPortal", "iqn"] { required(spec["iscsi", name]) }
        case "fc":
            if spec["fc", "targetWWNs"].items.isEmpty, spec["fc", "wwids"].items.isEmpty {
                report(.required(spec["fc", "targetWWNs"].path, "must specify either targetWWNs or wwids, but not both"))
            }
        default: break
        }
    }

    mutating func persistentVolumeUpdate(_ new: JSONField, _ old: JSONField) {
        func source(_ field: JSONField) -> JSONObject {
            JSONObject(members: field["spec"].object.members.filter { !Self.volumeMembers.contains($0.key) })
        }
        if source(new) != source(old) {
            let shown = { (field: JSONField) in
                GoValue.of(.object(source(field)), type: "core/v1.PersistentVolumeSpec", without: Self.volumeMembers)
            }
            report(
                .forbidden(
                    FieldPath("spec", "persistentvolumesource"),
                    "spec.persistentvolumesource is immutable after creation\n" + GoDiff.text(shown(old), shown(new))))
        }
        immutable(JSONField(new["spec", "volumeMode"].value, FieldPath("volumeMode")), old["spec", "volumeMode"])
        let (affinity, before) = (new["spec", "nodeAffinity"], old["spec", "nodeAffinity"])
        if before.isSet, affinity.value != before.value {
            report(
                .invalid(
                    FieldPath("nodeAffinity"), GoValue.of(affinity.value, type: "core/v1.VolumeNodeAffinity"),
                    "field is immutable, except for updating from beta label to GA"))
        }
    }
}
