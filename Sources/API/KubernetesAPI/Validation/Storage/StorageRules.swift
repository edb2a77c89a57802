internal import APIMachinery

/// Rules of storage.k8s.io/v1.
extension Validator {
    mutating func storageClass(_ object: JSONField) {
        let provisioner = object["provisioner"]
        if provisioner.isEmptyText {
            report(.required(provisioner.path))
        } else {
            let name = provisioner.string.lowercased()
            invalid(provisioner.path, name, NameValidation.qualifiedName(name))
        }
        parameters(object["parameters"])
        oneOf(object["reclaimPolicy"], ["Delete", "Recycle", "Retain"])
        requiredOneOf(object["volumeBindingMode"], ["Immediate", "WaitForFirstConsumer"])
        for term in object["allowedTopologies"].items {
            var keys: Set<String> = []
            for expression in term["matchLabelExpressions"].items {
                let values = expression["values"]
                if values.items.isEmpty { report(.required(values.path)) }
                named(expression["key"], NameValidation.qualifiedName)
                if !keys.insert(expression["key"].string).inserted {
                    report(.duplicate(expression["key"].path, expression["key"].shown))
                }
            }
        }
    }

    private mutating func parameters(_ field: JSONField) {
        if field.object.count > 512 { report(.tooLong(field.path, maxBytes: 512)) }
        var size = 0
        for entry in field.entries {
            if entry.key.isEmpty { report(.invalid(field.path, "", "field can not be empty.")) }
            size += entry.key.utf8.count + entry.field.string.utf8.count
        }
        if size > 256 << 10 { report(.tooLong(field.path, maxBytes: 256 << 10)) }
    }

    mutating func storageClassUpdate(_ new: JSONField, _ old: JSONField) {
        for (member, detail) in [
            ("parameters", Self.isImmutable), ("provisioner", "updates to provisioner are forbidden."),
            ("reclaimPolicy", Self.isImmutable), ("volumeBindingMode", Self.isImmutable),
        ] where new[member].value != old[member].value {
            if member == "provisioner" {
                report(.forbidden(new[member].path, detail))
            } else {
                invalid(new[member], detail)
            }
        }
    }

    mutating func csiDriver(_ object: JSONField) {
        let spec = object["spec"]
        for name in ["attachRequired", "podInfoOnMount", "storageCapacity"] where !spec[name].isSet {
            report(.required(name == "attachRequired" ? spec["attachedRequired"].path : spec[name].path))
        }
        oneOf(spec["fsGroupPolicy"], ["File", "None", "ReadWriteOnceWithFSType"])
        for mode in spec["volumeLifecycleModes"].items where !["Persistent", "Ephemeral"].contains(mode.string) {
            report(
                .notSupported(
                    spec["volumeLifecycleModes"].path, mode.shown, supported: ["Persistent", "Ephemeral"]))
        }
        var audiences: Set<String> = []
        for request in spec["tokenRequests"].items {
            if !audiences.insert(request["audience"].string).inserted {
                report(.duplicate(request["audience"].path, .string(request["audience"].string)))
            }
            if let seconds = request["expirationSeconds"].integer, seconds < 600 {
                invalid(request["expirationSeconds"], "may not specify a duration less than 10 minutes")
            }
        }
    }

    mutating func csiDriverUpdate(_ new: JSONField, _ old: JSONField) {
        let (spec, before) = (new["spec"], old["spec"])
        immutable(JSONField(spec["attachRequired"].value, spec.path.child("attachedRequired")), before["attachRequired"])
        immutable(spec["volumeLifecycleModes"], before["volumeLifecycleModes"])
    }

    mutating func csiNode(_ object: JSONField) {
        var names: Set<String> = []
        for driver in object["spec", "drivers"].items {
            if required(driver["name"]) { named(driver["name"]) { NameValidation.dns1123Subdomain($0.lowercased()) } }
            required(driver["nodeID"])
            if let count = driver["allocatable", "count"].integer, count < 0 {
                invalid(driver["allocatable", "count"], Self.isNegative)
            }
            if !names.insert(driver["name"].string).inserted {
                report(.duplicate(driver["name"].path, driver["name"].shown))
            }
            for key in driver["topologyKeys"].items { named(key, NameValidation.qualifiedName) }
        }
    }

    mutating func csiStorageCapacity(_ object: JSONField) {
        labelSelector(object["nodeTopology"])
        let name = object["storageClassName"]
        if required(name) { named(name, NameValidation.dns1123Subdomain) }
        for member in ["capacity", "maximumVolumeSize"] {
            if let amount = object[member].quantity, amount.isNegative { invalid(object[member], Self.isNegative) }
        }
    }

    mutating func csiStorageCapacityUpdate(_ new: JSONField, _ old: JSONField) {
        immutable(new["nodeTopology"], old["nodeTopology"])
        immutable(new["storageClassName"], old["storageClassName"])
    }

    mutating func volumeAttachment(_ object: JSONField) {
        let spec = object["spec"]
        if required(spec["attacher"]) { named(spec["attacher"]) { NameValidation.dns1123Subdomain($0.lowercased()) } }
        let (inline, name) = (spec["source", "inlineVolumeSpec"], spec["source", "persistentVolumeName"])
        switch (inline.isSet, name.isSet) {
        case (false, false):
            report(
                .required(
                    spec["source"].path, "must specify exactly one of inlineVolumeSpec and persistentVolumeName"))
        case (true, true):
            report(
                .forbidden(
                    spec["source"].path, "must specify exactly one of inlineVolumeSpec and persistentVolumeName"))
        case (false, true): if name.isEmptyText { report(.required(name.path, "must specify non empty persistentVolumeName")) }
        case (true, false): break
        }
        if required(spec["nodeName"]) { named(spec["nodeName"], NameValidation.dns1123Subdomain) }
    }

    mutating func volumeAttachmentUpdate(_ new: JSONField, _ old: JSONField) {
        if new["spec"].value != old["spec"].value {
            report(
                .invalid(new["spec"].path, GoValue.of(new["spec"].value, type: "storage/v1.VolumeAttachmentSpec"), Self.isImmutable))
        }
    }
}
