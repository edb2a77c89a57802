internal import APIMachinery

/// What is special about a built-in kind. What it leaves out is the common case.
struct KindProfile: Sendable {
    typealias Change = @Sendable (inout JSONObject) -> Void
    typealias Update = @Sendable (inout JSONObject, JSONObject, String) -> Void
    typealias Check = @Sendable (inout Validator, JSONField) -> Void
    typealias UpdateCheck = @Sendable (inout Validator, JSONField, JSONField, String) -> Void

    /// Which members' changes count for `metadata.generation`; empty when the kind has none.
    var generationMembers: [String] = []
    /// Members of metadata whose changes count too.
    var generationMetadata: [String] = []
    /// The form of the names of new objects.
    var name: @Sendable (String) -> [String] = NameValidation.dns1123Subdomain
    var allowsCreateOnUpdate = false
    var allowsUnconditionalUpdate = true
    var deletion = DeletionPolicy()
    var scale: ScalePaths?
    /// Whether the author of a new object may set its status.
    var keepsStatusOnCreate = false
    /// Whether the status endpoint leaves labels, annotations and the rest of metadata as they were.
    var statusResetsMetadata = false
    var prepareForCreate: Change?
    /// After the common part: status and spec are split already.
    var prepareForUpdate: Update?
    /// Everything but metadata.
    var validate: Check?
    /// What may not change. The rules for the new object run too, unless `validatesOnUpdate` is false.
    var validateUpdate: UpdateCheck?
    var validatesOnUpdate = true
    var warnings: (@Sendable (JSONField, JSONField?) -> [String])?

    init(_ change: (inout KindProfile) -> Void = { _ in }) { change(&self) }
}
