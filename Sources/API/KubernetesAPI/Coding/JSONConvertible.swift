package import APIMachinery

/// A type with one JSON form.
package protocol JSONConvertible: Hashable, Sendable {
    /// Reads the value at the decoder's path. Reports what is wrong to the decoder and gives nil when nothing is left to use.
    static func decode(_ json: JSONValue, _ decoder: inout ObjectDecoder) -> Self?
    var json: JSONValue { get }
}

/// A structure of the API, that is, a JSON object with known members. Its conformance is generated.
package protocol APIStruct: JSONConvertible {
    init()
    /// Every member's name, for the text of an unknown member's error.
    static var fieldNames: [String] { get }
    mutating func read(_ decoder: inout ObjectDecoder)
    func write(_ encoder: inout ObjectEncoder)
}

extension APIStruct {
    /// Makes an empty value and fills it in: `Container { $0.name = "web" }`.
    package init(_ fill: (inout Self) -> Void) {
        self.init()
        fill(&self)
    }

    package static func decode(_ json: JSONValue, _ decoder: inout ObjectDecoder) -> Self? {
        guard case .object(let object) = json else { return decoder.mismatch(expected: "object", got: json) }
        var value = Self()
        decoder.enter(object)
        value.read(&decoder)
        decoder.leave(knownNames: Self.fieldNames)
        return value
    }

    package var json: JSONValue { .object(jsonObject) }

    package var jsonObject: JSONObject {
        var encoder = ObjectEncoder()
        write(&encoder)
        return encoder.object
    }
}

/// A kind that is served on its own: it has a group, version and kind, and metadata.
package protocol KubernetesObject: APIStruct {
    static var groupVersionKind: GroupVersionKind { get }
    var metadata: ObjectMeta { get set }
}

extension KubernetesObject {
    /// Reads an object and reports **all** that is wrong with it.
    ///
    /// - Returns: The object as far as it could be read, and the problems in the order of the type's fields.
    package static func decode(
        _ json: JSONValue, at path: FieldPath = .root, options: ObjectDecoder.Options = .init()
    ) -> (object: Self?, problems: [FieldError]) {
        var decoder = ObjectDecoder(at: path, options: options)
        let object = decode(json, &decoder)
        return (object, decoder.problems)
    }
}
