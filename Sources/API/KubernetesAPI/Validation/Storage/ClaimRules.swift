internal import APIMachinery

extension Validator {
    private static let accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]
    private static let volumeModes = ["Block", "Filesystem"]

    /// The spec of a PersistentVolumeClaim or of a template for one.
    mutating func claimSpec(_ spec: JSONField) {
        let modes = spec["accessModes"]
        if modes.items.isEmpty { report(.required(modes.path, "at least 1 access mode is required")) }
        labelSelector(spec["selector"])
        accessModes(modes)
        let request = spec["resources", "requests", "storage"]
        if let amount = request.quantity {
            if amount <= .zero {
                report(.invalid(spec["resources"].path.key("storage"), request.shown, Self.isNotPositive))
            }
        } else {
            report(.required(spec["resources"].path.key("storage")))
        }
        if spec["storageClassName"].isSet { namedIfSet(spec["storageClassName"], NameValidation.dns1123Subdomain) }
        oneOf(spec["volumeMode"], Self.volumeModes)
        for name in ["dataSource", "dataSourceRef"] { dataSource(spec[name]) }
        if spec["volumeAttributesClassName"].isSet { namedIfSet(spec["volumeAttributesClassName"], NameValidation.dns1123Subdomain) }
    }

    private mutating func accessModes(_ modes: JSONField) {
        for mode in modes.items where !Self.accessModes.contains(mode.string) {
            report(.notSupported(modes.path, mode.shown, supported: Self.accessModes))
        }
        if modes.strings.contains("ReadWriteOncePod"), modes.items.count > 1 {
            report(.forbidden(modes.path, "may not use ReadWriteOncePod with other access modes"))
        }
    }

    private mutating func dataSource(_ source: JSONField) {
        guard source.isSet else { return }
        required(source["name"])
        required(source["kind"])
        if source["apiGroup"].isEmptyText, source["kind"].string != "PersistentVolumeClaim", !source["kind"].isEmptyText {
            report(.invalid(source.path, source["kind"].shown, ""))
        }
    }

    mutating func claimUpdate(_ new: JSONField, _ old: JSONField) {
        let (spec, before) = (new["spec"], old["spec"])
        var (fixed, previous) = (spec.object, before.object)
        // A volume may be bound once; a bound claim may grow and change its class of attributes.
        if previous.isUnset("volumeName") { fixed["volumeName"] = nil }
        if old["status", "phase"].string == "Bound" {
            let (wanted, had) = (spec["resources", "requests", "storage"], before["resources", "requests", "storage"])
            let shrinks = (wanted.quantity ?? .zero) < (had.quantity ?? .zero)
            let floor = old["status", "capacity", "storage"].quantity ?? .zero
            if shrinks, (wanted.quantity ?? .zero) < floor {
                report(.forbidden(spec["resources", "requests", "storage"].path, "field can not be less than status.capacity"))
            } else {
                fixed["resources"] = previous["resources"]
            }
            fixed["volumeAttributesClassName"] = previous["volumeAttributesClassName"]
        }
        if fixed != previous {
            let detail = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
            report(.forbidden(spec.path, detail + "\n" + GoDiff.text(Self.shownClaim(.object(previous)), Self.shownClaim(.object(fixed)))))
        }
        let mode = JSONField(spec["volumeMode"].value, FieldPath("volumeMode"))
        immutable(mode, before["volumeMode"])
    }

    private static func shownClaim(_ spec: JSONValue) -> JSONValue {
        GoValue.of(spec, type: "core/v1.PersistentVolumeClaimSpec")
    }
}
