internal import APIMachinery
internal import KubernetesAPI
import Synchronization

/// The rules in CEL of one version of a custom resource. They are compiled when the first object comes.
final class CustomRules: Sendable {
    private let schema: StructuralSchema
    private let compiled = Mutex<RuleNode??>(nil)

    init(_ schema: StructuralSchema) { self.schema = schema }

    private var root: RuleNode? {
        compiled.withLock { compiled in
            if let known = compiled { return known }
            let root = RuleNode(schema)
            compiled = .some(root)
            return root
        }
    }

    /// - Parameters:
    ///   - problems: What the schema itself has found. Some of it makes the rules useless, as they rely on types.
    /// - Returns: The problems with those of the rules.
    func checked(_ object: JSONObject, old: JSONObject?, problems: [FieldError]) -> [FieldError] {
        guard let root else { return problems }
        let blocking: Set<FieldError.Kind> = [.notSupported, .required, .tooLong, .tooMany, .typeInvalid]
        if problems.contains(where: { blocking.contains($0.kind) }) { return problems + [Self.unchecked] }
        return problems + evaluation(object, old, root).errors
    }

    /// What is wrong with values that were so before the update.
    func warnings(_ object: JSONObject, old: JSONObject?) -> [String] {
        guard let old, let root else { return [] }
        return evaluation(object, old, root).warnings.map(\.description)
    }

    private func evaluation(_ object: JSONObject, _ old: JSONObject?, _ root: RuleNode) -> RuleEvaluation {
        var evaluation = RuleEvaluation()
        evaluation.check(.object(object), old: old.map { .object($0) }, root, at: .root)
        return evaluation
    }

    private static let unchecked = FieldError(
        FieldPath([.field("<nil>")]), .invalid, value: JSONValue.null,
        detail: "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation")
}
