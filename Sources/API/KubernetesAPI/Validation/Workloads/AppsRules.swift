internal import APIMachinery

/// Rules of apps/v1 and of replication controllers.
extension Validator {
    mutating func deployment(_ object: JSONField) {
        let spec = object["spec"]
        nonNegative(spec["replicas"])
        replicaSetTemplate(spec)
        deploymentStrategy(spec["strategy"])
        nonNegative(spec["minReadySeconds"])
        nonNegative(spec["revisionHistoryLimit"])
        if let deadline = spec["progressDeadlineSeconds"].integer {
            nonNegative(spec["progressDeadlineSeconds"])
            if deadline <= spec["minReadySeconds"].integer ?? 0 {
                invalid(spec["progressDeadlineSeconds"], "must be greater than minReadySeconds")
            }
        }
    }

    mutating func replicaSet(_ object: JSONField) {
        let spec = object["spec"]
        nonNegative(spec["replicas"])
        nonNegative(spec["minReadySeconds"])
        replicaSetTemplate(spec)
    }

    private mutating func replicaSetTemplate(_ spec: JSONField) {
        let selector = spec["selector"]
        if selector.isSet {
            labelSelector(selector)
            if Self.isEmptySelector(selector) { invalid(selector, "empty selector is invalid for deployment") }
        } else {
            report(.required(selector.path))
        }
        guard let parsed = parsed(selector) else { return invalid(selector, "invalid label selector") }
        if parsed?.isEmpty != true { templateMatches(spec["template"], parsed) }
        servingTemplate(spec["template"], of: "ReplicaSet")
    }

    private mutating func deploymentStrategy(_ strategy: JSONField) {
        let rolling = strategy["rollingUpdate"]
        switch strategy["type"].string {
        case "Recreate":
            if rolling.isSet {
                report(.forbidden(rolling.path, "may not be specified when strategy `type` is 'Recreate'"))
            }
        case "RollingUpdate":
            if rolling.isSet {
                rollingUpdate(rolling)
            } else {
                report(.required(rolling.path, "this should be defaulted and never be nil"))
            }
        default:
            report(
                .notSupported(
                    strategy.path, GoValue.of(strategy.value, type: "apps/v1.DeploymentStrategy"),
                    supported: ["Recreate", "RollingUpdate"]))
        }
    }

    private mutating func rollingUpdate(_ rolling: JSONField) {
        let (unavailable, surge) = (rolling["maxUnavailable"], rolling["maxSurge"])
        intOrPercent(unavailable)
        intOrPercent(surge)
        if Self.isZeroAmount(unavailable), Self.isZeroAmount(surge) {
            invalid(unavailable, "may not be 0 when `maxSurge` is 0")
        }
        notOver100Percent(unavailable)
    }

    static func isZeroAmount(_ field: JSONField) -> Bool {
        field.integer == 0 || (field.value?.stringValue.map { isPercent($0) && Int($0.dropLast()) == 0 } ?? false)
    }

    mutating func daemonSet(_ object: JSONField) {
        let spec = object["spec"]
        let selector = spec["selector"]
        labelSelector(selector)
        if let parsed = parsed(selector) { templateMatches(spec["template"], parsed) }
        if Self.isEmptySelector(selector) { invalid(selector, "empty selector is invalid for daemonset") }
        servingTemplate(spec["template"], of: "DaemonSet")
        nonNegative(spec["minReadySeconds"])
        daemonSetStrategy(spec["updateStrategy"])
        nonNegative(spec["revisionHistoryLimit"])
    }

    private mutating func daemonSetStrategy(_ strategy: JSONField) {
        let rolling = strategy["rollingUpdate"]
        switch strategy["type"].string {
        case "OnDelete": break
        case "RollingUpdate":
            guard rolling.isSet else { return report(.required(rolling.path)) }
            let (unavailable, surge) = (rolling["maxUnavailable"], rolling["maxSurge"])
            intOrPercent(unavailable)
            notOver100Percent(unavailable)
            intOrPercent(surge)
            notOver100Percent(surge)
            switch (Self.isZeroAmount(unavailable), Self.isZeroAmount(surge)) {
            case (false, false): invalid(surge, "may not be set when maxUnavailable is non-zero")
            case (true, true): report(.required(unavailable.path, "cannot be 0 when maxSurge is 0"))
            default: break
            }
        default:
            report(
                .notSupported(
                    strategy.path, GoValue.of(strategy.value, type: "apps/v1.DaemonSetUpdateStrategy"),
                    supported: ["RollingUpdate", "OnDelete"]))
        }
    }

    mutating func statefulSet(_ object: JSONField) {
        let spec = object["spec"]
        statefulSetPolicies(spec)
        for name in ["whenDeleted", "whenScaled"] {
            oneOf(spec["persistentVolumeClaimRetentionPolicy", name], ["Retain", "Delete"])
        }
        nonNegative(spec["replicas"])
        nonNegative(spec["minReadySeconds"])
        nonNegative(spec["ordinals", "start"])
        nonNegative(spec["revisionHistoryLimit"])
        namedIfSet(spec["serviceName"], NameValidation.dns1123Label)
        let selector = spec["selector"]
        if selector.isSet {
            labelSelector(selector)
            if Self.isEmptySelector(selector) { invalid(selector, "empty selector is invalid for statefulset") }
        } else {
            report(.required(selector.path))
        }
        if let parsed = parsed(selector) {
            if parsed?.isEmpty != true { templateMatches(spec["template"], parsed) }
            servingTemplate(
                spec["template"], of: "StatefulSet", claims: spec["volumeClaimTemplates"].items.map { $0["metadata", "name"].string })
        } else {
            invalid(selector, "")
        }
        for claim in spec["volumeClaimTemplates"].items { claimSpec(claim["spec"]) }
    }

    private mutating func statefulSetPolicies(_ spec: JSONField) {
        switch spec["podManagementPolicy"].string {
        case "": report(.required(spec["podManagementPolicy"].path))
        case "OrderedReady", "Parallel": break
        default: invalid(spec["podManagementPolicy"], "must be 'OrderedReady' or 'Parallel'")
        }
        let strategy = spec["updateStrategy"]
        let rolling = strategy["rollingUpdate"]
        switch strategy["type"].string {
        case "": report(.required(strategy.path))
        case "OnDelete":
            if rolling.isSet {
                report(
                    .invalid(
                        rolling.path, GoValue.of(rolling.value, type: "apps/v1.RollingUpdateStatefulSetStrategy"),
                        "only allowed for updateStrategy 'RollingUpdate'"))
            }
        case "RollingUpdate":
            nonNegative(rolling["partition"])
            if rolling["maxUnavailable"].isSet {
                intOrPercent(rolling["maxUnavailable"])
                if Self.isZeroAmount(rolling["maxUnavailable"]) { invalid(rolling["maxUnavailable"], "cannot be 0") }
                notOver100Percent(rolling["maxUnavailable"])
            }
        default:
            report(
                .invalid(
                    strategy.path, GoValue.of(strategy.value, type: "apps/v1.StatefulSetUpdateStrategy"),
                    "must be 'RollingUpdate' or 'OnDelete'"))
        }
    }

    mutating func replicationController(_ object: JSONField) {
        let spec = object["spec"]
        nonNegative(spec["minReadySeconds"])
        let selector = spec["selector"]
        if selector.object.isEmpty { report(.required(selector.path)) }
        nonNegative(spec["replicas"])
        let template = spec["template"]
        guard template.isSet else { return report(.required(template.path)) }
        if !selector.object.isEmpty { templateMatches(template, Selector(equalTo: selector.stringMap)) }
        servingTemplate(template, of: "ReplicationController")
    }

    mutating func controllerRevision(_ object: JSONField) {
        if !object["data"].isSet { report(.required(object["data"].path, "data is mandatory")) }
        nonNegative(object["revision"])
    }

    // MARK: Updates

    mutating func selectorUpdate(_ new: JSONField, _ old: JSONField) {
        immutable(new["spec", "selector"], old["spec", "selector"])
    }

    mutating func statefulSetUpdate(_ new: JSONField, _ old: JSONField) {
        let free: Set<String> = [
            "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
        ]
        func fixed(_ object: JSONField) -> [JSONObject.Member] {
            object["spec"].object.members.filter { !free.contains($0.key) }
        }
        guard JSONObject(members: fixed(new)) != JSONObject(members: fixed(old)) else { return }
        report(
            .forbidden(
                new["spec"].path,
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
            ))
    }

    mutating func controllerRevisionUpdate(_ new: JSONField, _ old: JSONField) {
        immutable(new["data"], old["data"])
    }
}
