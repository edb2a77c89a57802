package import APIMachinery

/// What is special about one kind where the API server handles all kinds alike. Built-in kinds follow tables, custom
/// resources their definition.
///
/// Objects are held as JSON in one version of the kind; `canonical` makes them so, and the other calls rely on it.
package protocol ObjectStrategy: Sendable {
    /// The object as upstream would write it: members in the type's order, those that the type does not have left out
    /// and named, nulls and zero values left out where upstream omits them, quantities and times in their one form.
    ///
    /// - Throws: For a value of the wrong type, in the words that follow `… cannot be handled as a Pod: `.
    func canonical(_ object: JSONObject) throws(DecodingFailure) -> CanonicalObject
    /// Fills in what the author may leave out. Needs a canonical object and leaves one.
    func applyDefaults(to object: inout JSONObject)
    /// What a create sets or drops before admission: status, generation, what only the server may say.
    func prepareForCreate(_ object: inout JSONObject)
    /// What an update keeps of the old object, and the generation's increment.
    ///
    /// - Parameter subresource: Empty for the main endpoint.
    func prepareForUpdate(_ object: inout JSONObject, old: JSONObject, subresource: String)
    /// All errors of a new object, its metadata included. Name and namespace are set.
    func validate(_ object: JSONObject) -> [FieldError]
    func validateUpdate(_ object: JSONObject, old: JSONObject, subresource: String) -> [FieldError]
    /// What is allowed and yet worth a word to the author.
    func warnings(_ object: JSONObject, old: JSONObject?) -> [String]

    /// Whether an update of an object that is not there makes it.
    var allowsCreateOnUpdate: Bool { get }
    /// Whether an update may go without a resourceVersion.
    var allowsUnconditionalUpdate: Bool { get }
    /// Paths that an endpoint resets and that nobody owns who writes there.
    ///
    /// - Parameter subresource: Empty for the main endpoint.
    func resetFields(subresource: String) -> [FieldPath]
    var deletion: DeletionPolicy { get }
    /// Where the scale subresource finds its numbers; nil when there is none.
    var scale: ScalePaths? { get }

    var columns: [TableColumn] { get }
    /// One cell for each column.
    func cells(of object: JSONObject, now: TableClock) -> [JSONValue]
    /// The conditions of the object's row: `Completed` of a pod that has ended.
    func rowConditions(of object: JSONObject) -> [JSONValue]

    /// The labels that field selectors may use besides `metadata.name` and `metadata.namespace`.
    var fieldLabels: [String] { get }
    /// - Returns: The field's text; empty where the object does not have it.
    func fieldValue(_ label: String, of object: JSONObject) -> String
    /// The message of the 400 for a label that the kind does not have.
    func unsupportedFieldLabel(_ label: String) -> String

    /// The schema's type of this kind, for example `core/v1.Pod`.
    var typeName: String { get }
}

/// An object in its one form.
package struct CanonicalObject: Sendable {
    package var object: JSONObject
    /// One text for each member that the type does not have, in the object's order: `unknown field "spec.foo"`.
    package var unknownFields: [String]

    package init(object: JSONObject, unknownFields: [String] = []) {
        self.object = object
        self.unknownFields = unknownFields
    }
}

/// A body that cannot be read as its kind.
package struct DecodingFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// In upstream's words: `json: cannot unmarshal string into Go struct field …`.
    package let message: String
    package var description: String { message }

    package init(message: String) { self.message = message }
}

/// How objects of a kind go.
package struct DeletionPolicy: Hashable, Sendable {
    package enum Propagation: String, Sendable { case background = "Background", orphan = "Orphan" }

    /// Whether the object stays for its grace period, until the node has stopped it.
    package var isGraceful = false
    /// What becomes of dependents when neither the request nor a finalizer says so.
    package var defaultPropagation = Propagation.background
    /// Whether the kind has dependents at all: others ignore the propagation policy.
    package var hasDependents = true

    package init() {}
}

/// Dotted paths of the numbers that `autoscaling/v1 Scale` shows, as a CustomResourceDefinition writes them.
package struct ScalePaths: Hashable, Sendable {
    package var specReplicas: String
    package var statusReplicas: String
    /// A text or a label selector's structure.
    package var selector: String?

    package init(specReplicas: String, statusReplicas: String, selector: String?) {
        self.specReplicas = specReplicas
        self.statusReplicas = statusReplicas
        self.selector = selector
    }
}

/// A column of a Table.
package struct TableColumn: Hashable, Sendable {
    package var name: String
    package var type: String
    /// `name` for the object's name.
    package var format: String
    package var description: String
    /// 0 is always shown, larger ones with `-o wide` only.
    package var priority: Int32

    package init(name: String, type: String = "string", format: String = "", description: String = "", priority: Int32 = 0) {
        self.name = name
        self.type = type
        self.format = format
        self.description = description
        self.priority = priority
    }

    package var json: JSONValue {
        [
            "name": .string(name), "type": .string(type), "format": .string(format),
            "description": .string(description), "priority": .integer(Int64(priority)),
        ]
    }
}
