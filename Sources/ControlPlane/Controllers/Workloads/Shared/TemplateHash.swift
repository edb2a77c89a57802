internal import KubernetesAPI
internal import APIMachinery

/// The short name of a template's content, which pods and their owners carry in a label and in their names.
enum TemplateHash {
    private static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789".utf8)

    /// The hash of a template: the same for the same content, whatever the order of its labels.
    ///
    /// - Parameter collisionCount: Raised when the name was taken by something else.
    /// - Note: FNV-1a over the template's canonical JSON; upstream hashes a dump of Go structures, so the values differ from its.
    static func of(_ template: PodTemplateSpec, collisionCount: Int32?) -> String {
        of(template.json.serialized(.compact), collisionCount: collisionCount)
    }

    static func of(_ bytes: [UInt8], collisionCount: Int32?) -> String {
        var hash = fnv1a(bytes)
        if let collisionCount { hash = fnv1a(Array("\(collisionCount)".utf8), from: hash) }
        return safe("\(hash)")
    }

    static func fnv1a(_ bytes: [UInt8], from start: UInt32 = 2_166_136_261) -> UInt32 {
        bytes.reduce(start) { ($0 ^ UInt32($1)) &* 16_777_619 }
    }

    /// Without vowels and digits that look like them: no hash reads like a word.
    static func safe(_ text: String) -> String {
        String(decoding: text.utf8.map { alphabet[Int($0) % alphabet.count] }, as: UTF8.self)
    }
}
