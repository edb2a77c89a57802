package import APIMachinery

/// A served resource: a kind under the name that stands in URLs.
package struct ServedResource: Hashable, Sendable {
    package struct Subresource: Hashable, Sendable {
        package var name: String
        package var verbs: [String]
        /// The kind of what is sent and answered; the resource's own unless told otherwise.
        package var kind: GroupVersionKind
    }

    package var kind: GroupVersionKind
    package var plural: String
    package var singular: String
    package var isNamespaced: Bool
    package var shortNames: [String]
    package var categories: [String]
    package var verbs: [String]
    package var subresources: [Subresource]

    /// Every built-in resource, in the order of discovery; parsed when first asked for.
    package static let builtIn = table.split(separator: "\n").map { ServedResource(line: $0) }

    /// Parts are separated by tabs: group, version, kind, plural, singular, `n` or `c` for the scope, short names,
    /// categories, verbs (each separated by commas), and for each subresource `name|verbs|group|version|kind`.
    private init(line: Substring) {
        func list(_ text: Substring) -> [String] { text.split(separator: ",").map(String.init) }
        let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
        kind = GroupVersionKind(group: String(parts[0]), version: String(parts[1]), kind: String(parts[2]))
        plural = String(parts[3])
        singular = String(parts[4])
        isNamespaced = parts[5] == "n"
        shortNames = list(parts[6])
        categories = list(parts[7])
        verbs = list(parts[8])
        subresources = parts.dropFirst(9).map { part in
            let fields = part.split(separator: "|", omittingEmptySubsequences: false)
            return Subresource(
                name: String(fields[0]), verbs: list(fields[1]),
                kind: GroupVersionKind(
                    group: String(fields[2]), version: String(fields[3]), kind: String(fields[4])))
        }
    }
}
