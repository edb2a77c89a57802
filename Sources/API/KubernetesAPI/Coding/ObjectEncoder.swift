package import APIMachinery

/// Builds the JSON object of an API type, its members in the order in which they are written.
///
/// Empty lists and maps are left out, as Go's `omitempty` does, unless they are required.
package struct ObjectEncoder {
    package private(set) var object = JSONObject()

    package init() {}

    mutating func write<T: JSONConvertible>(_ name: String, _ value: T?) {
        if let value { object.append(name, value.json) }
    }

    /// A structure that is always there in memory but is written only when it says something.
    mutating func writePlain<T: APIStruct>(_ name: String, _ value: T) {
        let content = value.jsonObject
        if !content.isEmpty { object.append(name, .object(content)) }
    }

    mutating func writeRequired<T: JSONConvertible>(_ name: String, _ value: T) { object.append(name, value.json) }

    /// A point in time that is not known is written as null.
    mutating func writeRequired<T: JSONConvertible>(_ name: String, _ value: T?) {
        object.append(name, value?.json ?? .null)
    }

    mutating func writeList<T: JSONConvertible>(_ name: String, _ value: [T]) {
        if !value.isEmpty { object.append(name, value.json) }
    }

    mutating func writeMap<T: JSONConvertible>(_ name: String, _ value: [String: T]) {
        if !value.isEmpty { object.append(name, value.json) }
    }

    mutating func writeTypeMeta(_ kind: GroupVersionKind) {
        object.append("apiVersion", .string(kind.apiVersion))
        object.append("kind", .string(kind.kind))
    }
}
