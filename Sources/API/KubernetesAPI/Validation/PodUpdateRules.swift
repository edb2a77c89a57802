internal import APIMachinery

extension Validator {
    private static let onlySome =
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"

    mutating func podUpdate(_ new: JSONField, _ old: JSONField) {
        let (spec, before) = (new["spec"], old["spec"])
        for list in ["containers", "initContainers"] where spec[list].items.count != before[list].items.count {
            return report(.forbidden(spec[list].path, "pod updates may not add or remove containers"))
        }
        for container in spec["containers"].items + spec["initContainers"].items { image(container["image"]) }
        deadline(spec["activeDeadlineSeconds"], before["activeDeadlineSeconds"])
        tolerations(spec["tolerations"], before["tolerations"])
        schedulingGates(spec["schedulingGates"], before["schedulingGates"])
        guard errors.isEmpty else { return }
        let fixed = Self.withFreeFieldsOf(before, spec)
        if fixed != before.object {
            let diff = GoDiff.text(GoPodTemplate.spec(before.value), GoPodTemplate.spec(.object(fixed)))
            report(.forbidden(spec.path, "\(Self.onlySome)\n\(diff)"))
        }
    }

    private mutating func image(_ image: JSONField) {
        guard required(image) else { return }
        if image.string.first?.isWhitespace == true || image.string.last?.isWhitespace == true {
            invalid(image, "must not have leading or trailing whitespace")
        }
    }

    private mutating func deadline(_ new: JSONField, _ old: JSONField) {
        if let seconds = new.integer {
            if !(0...Int64(Int32.max)).contains(seconds) {
                return invalid(new.path, seconds, [NameValidation.inclusiveRange(0, Int64(Int32.max))])
            }
            if let previous = old.integer, previous < seconds {
                invalid(new, "must be less than or equal to previous value")
            }
        } else if old.isSet {
            invalid(new, "must not update from a positive integer to nil value")
        }
    }

    private mutating func tolerations(_ new: JSONField, _ old: JSONField) {
        func key(_ toleration: JSONField) -> JSONObject {
            JSONObject(members: toleration.object.members.filter { $0.key != "tolerationSeconds" })
        }
        for toleration in old.items where !new.items.contains(where: { key($0) == key(toleration) }) {
            return report(
                .forbidden(new.path, "existing toleration can not be modified except its tolerationSeconds"))
        }
    }

    private mutating func schedulingGates(_ new: JSONField, _ old: JSONField) {
        let known = Set(old.items.map { $0["name"].string })
        for gate in new.items where !known.contains(gate["name"].string) {
            report(
                .forbidden(
                    gate["name"].path,
                    "only deletion is allowed, but found new scheduling gate '\(gate["name"].string)'"))
        }
    }

    /// The new spec with what may change taken back.
    private static func withFreeFieldsOf(_ old: JSONField, _ new: JSONField) -> JSONObject {
        var spec = new.object
        for list in ["containers", "initContainers"] {
            let before = old[list].items
            var index = 0
            spec.changeEach(list) { container in
                container["image"] = before[index]["image"].value
                index += 1
            }
        }
        for member in ["activeDeadlineSeconds", "tolerations", "schedulingGates"] { spec[member] = old.object[member] }
        if (old["terminationGracePeriodSeconds"].integer ?? 0) < 0, new["terminationGracePeriodSeconds"].integer == 1 {
            spec["terminationGracePeriodSeconds"] = old.object["terminationGracePeriodSeconds"]
        }
        if !old["schedulingGates"].items.isEmpty { allowNarrowing(&spec, old, new) }
        return spec
    }

    /// A pod that is held back may still be told more narrowly where it goes.
    private static func allowNarrowing(_ spec: inout JSONObject, _ old: JSONField, _ new: JSONField) {
        let (labels, before) = (new["nodeSelector"].stringMap, old["nodeSelector"].stringMap)
        if before.allSatisfy({ labels[$0.key] == $0.value }) { spec["nodeSelector"] = old.object["nodeSelector"] }
        if !old["affinity", "nodeAffinity"].isSet { spec["affinity"] = old.object["affinity"] }
    }

    // MARK: Other endpoints

    mutating func ephemeralContainersUpdate(_ new: JSONField, _ old: JSONField) {
        let (list, before) = (new["spec", "ephemeralContainers"], old["spec", "ephemeralContainers"])
        let spec = new["spec"].decoded(PodSpec.self)
        ephemeralContainers(spec, list)
        let byName = Dictionary(list.items.map { ($0["name"].string, $0) }, uniquingKeysWith: { first, _ in first })
        for container in before.items {
            let name = container["name"].string
            guard let now = byName[name] else {
                report(.forbidden(list.path, "existing ephemeral containers \(name.quoted) may not be removed\n"))
                continue
            }
            guard now.value != container.value else { continue }
            let type = "core/v1.EphemeralContainer"
            let diff = GoDiff.text(GoValue.of(container.value, type: type), GoValue.of(now.value, type: type))
            report(.forbidden(list.path, "existing ephemeral containers \(name.quoted) may not be changed\n\(diff)"))
        }
    }

    /// Members that only ordinary containers have.
    private static let notForEphemeral = [
        "ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resources", "resizePolicy",
    ]

    private mutating func ephemeralContainers(_ spec: PodSpec, _ list: JSONField) {
        var names = Set((spec.containers + spec.initContainers).map(\.name))
        let targets = names
        for container in list.items {
            if required(container["name"]) {
                named(container["name"], NameValidation.dns1123Label)
                if !names.insert(container["name"].string).inserted {
                    report(.duplicate(container["name"].path, container["name"].shown))
                }
            }
            image(container["image"])
            let target = container["targetContainerName"]
            if !target.isEmptyText, !targets.contains(target.string) { report(.notFound(target.path, target.shown)) }
            for member in Self.notForEphemeral where container[member].isSet {
                if container[member].value == .object(JSONObject()) { continue }
                report(.forbidden(container[member].path, "cannot be set for an Ephemeral Container"))
            }
        }
    }

    mutating func podResize(_ new: JSONField, _ old: JSONField) {
        let (quality, before) = (QualityOfService.of(new["spec"]), QualityOfService.of(old["spec"]))
        if quality != before {
            report(
                .invalid(
                    new["spec"].path, .string(before.rawValue),
                    "Pod QOS Class may not change as a result of resizing"))
        }
        podSpec(new["spec"].decoded(PodSpec.self), new["spec"].path)
    }

    mutating func podStatusUpdate(_ new: JSONField, _ old: JSONField) {
        let node = new["status", "nominatedNodeName"]
        if !node.isEmptyText, node.value != old["status", "nominatedNodeName"].value {
            named(node, NameValidation.dns1123Subdomain)
            if !old["spec", "nodeName"].isEmptyText {
                report(.forbidden(node.path, "may not be set on pods that are already bound to a node"))
            }
        }
        terminatedStays(new, old)
        podAddresses(new["status", "podIPs"])
    }

    private mutating func terminatedStays(_ new: JSONField, _ old: JSONField) {
        guard old["spec", "restartPolicy"].string != "Always" else { return }
        let now = new["status", "containerStatuses"]
        for status in old["status", "containerStatuses"].items {
            let terminated = status["state", "terminated"]
            guard terminated.isSet else { continue }
            if old["spec", "restartPolicy"].string == "OnFailure", terminated["exitCode"].integer ?? 0 != 0 { continue }
            for entry in now.items where entry["name"].string == status["name"].string {
                if !entry["state", "terminated"].isSet {
                    report(.forbidden(entry["state"].path, "may not be transitioned to non-terminated state"))
                }
            }
        }
    }

    private mutating func podAddresses(_ list: JSONField) {
        for address in list.items { ipAddress(address, address["ip"].string) }
        let families = list.items.compactMap { IPAddress($0["ip"].string)?.isIPv4 }
        if list.items.count > 1, families.count != 2 || families[0] == families[1] {
            invalid(list, "may specify no more than one IP for each IP family")
        }
    }
}
