/// What an expression may name.
package struct CELEnvironment: Sendable {
    package private(set) var variables: [String: CELType] = [:]
    /// The functions of all libraries, and those that were added.
    private(set) var functions: FunctionTable
    /// `Object{…}` and `JSONPatch{…}` may be written, as mutating policies do.
    package var allowsMutations = false
    /// The elements of a list that is written out must have one type, and so must keys and values of a map.
    package var hasUniformLiterals = true

    package init() { functions = Libraries.all }

    package mutating func declare(_ name: String, _ type: CELType) { variables[name] = type }

    package mutating func declare(function name: String, _ overload: Overload) { functions.add(name, overload) }

    /// A variable's type, or the type that a name like `int` stands for.
    func type(of name: String) -> (type: CELType, constant: CELValue?)? {
        if let type = variables[name] { return (type, nil) }
        return Self.types[name].map { (.type($0), .type($0)) }
    }

    private static let types: [String: CELType] = [
        "int": .int, "uint": .uint, "double": .double, "bool": .bool, "string": .string, "bytes": .bytes, "list": .list(.dynamic),
        "map": .map(.dynamic, .dynamic), "null_type": .null, "type": .type(.dynamic), "optional_type": .optional(.dynamic),
        "google.protobuf.Timestamp": .timestamp, "google.protobuf.Duration": .duration, "net.IP": .opaque("net.IP"),
        "net.CIDR": .opaque("net.CIDR"), "kubernetes.Quantity": .opaque("kubernetes.Quantity"),
        "kubernetes.URL": .opaque("kubernetes.URL"), "kubernetes.Semver": .opaque("kubernetes.Semver"),
        "kubernetes.NamedFormat": .opaque("kubernetes.NamedFormat"),
    ]
}
