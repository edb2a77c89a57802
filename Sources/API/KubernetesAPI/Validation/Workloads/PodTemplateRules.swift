internal import APIMachinery

extension Validator {
    /// The template of pods: its labels stand at `template.labels`, as upstream reports them.
    ///
    /// - Parameter claims: Names of volumes that each pod gets besides those of the template.
    mutating func podTemplate(_ field: JSONField, claims: [String] = []) {
        var template = field.decoded(PodTemplateSpec.self)
        for claim in claims where !template.spec.volumes.contains(where: { $0.name == claim }) {
            template.spec.volumes.append(
                Volume {
                    $0.name = claim
                    $0.persistentVolumeClaim = PersistentVolumeClaimVolumeSource { $0.claimName = claim }
                })
        }
        labels(template.metadata.labels, field.path.child("labels"))
        annotations(template.metadata.annotations, field.path.child("annotations"))
        podSpec(template.spec, field.path.child("spec"))
        if !template.spec.ephemeralContainers.isEmpty {
            report(
                .forbidden(
                    field.path.child("spec", "ephemeralContainers"), "ephemeral containers not allowed in pod template"))
        }
    }

    /// A template whose pods live on until they are deleted.
    mutating func servingTemplate(_ field: JSONField, of kind: String, claims: [String] = []) {
        podTemplate(field, claims: claims)
        let spec = field["spec"]
        requiredOneOf(spec["restartPolicy"], ["Always"])
        if spec["activeDeadlineSeconds"].isSet {
            report(.forbidden(spec["activeDeadlineSeconds"].path, "activeDeadlineSeconds in \(kind) is not Supported"))
        }
    }

    /// - Parameter selector: Nil selects nothing.
    mutating func templateMatches(_ template: JSONField, _ selector: Selector?) {
        let labels = template["metadata", "labels"]
        guard selector.map({ !$0.matches(labels.stringMap) }) ?? true else { return }
        invalid(labels, "`selector` does not match template `labels`")
    }

    /// The selector's requirements.
    ///
    /// - Returns: Nil when it is malformed; inside it nil when there is none, which selects nothing.
    func parsed(_ field: JSONField) -> Selector?? {
        guard field.isSet else { return .some(nil) }
        let selector = field.decoded(LabelSelector.self)
        let isWellFormed =
            selector.matchLabels.allSatisfy {
                NameValidation.qualifiedName($0.key).isEmpty && NameValidation.labelValue($0.value).isEmpty
            }
            && selector.matchExpressions.allSatisfy {
                !(["In", "NotIn"].contains($0.operator) && $0.values.isEmpty)
                    && NameValidation.qualifiedName($0.key).isEmpty
            }
        guard isWellFormed, let parsed = try? selector.selector() else { return nil }
        return .some(parsed)
    }

    static func isEmptySelector(_ field: JSONField) -> Bool {
        field.isSet && field["matchLabels"].object.isEmpty && field["matchExpressions"].items.isEmpty
    }
}
