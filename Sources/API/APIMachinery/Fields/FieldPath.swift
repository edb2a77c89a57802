/// The way from an object's root to a field, for example `spec.containers[0].ports[1].hostPort`.
///
/// Reads as upstream's `field.Path` prints: list indexes and map keys stand in brackets without quotes.
package struct FieldPath: Hashable, Sendable, CustomStringConvertible {
    package enum Element: Hashable, Sendable {
        case field(String)
        case index(Int)
        case key(String)
    }

    package var elements: [Element]

    package init(_ elements: [Element] = []) { self.elements = elements }

    /// - Parameter names: Member names from the root on.
    package init(_ names: String...) { elements = names.map { .field($0) } }

    package static let root = FieldPath([])

    package func child(_ names: String...) -> FieldPath { FieldPath(elements + names.map { .field($0) }) }
    package func index(_ index: Int) -> FieldPath { FieldPath(elements + [.index(index)]) }
    package func key(_ key: String) -> FieldPath { FieldPath(elements + [.key(key)]) }

    /// The path without its last element; nil for the root.
    package var parent: FieldPath? { elements.isEmpty ? nil : FieldPath(elements.dropLast()) }

    package var description: String {
        var text = ""
        for element in elements {
            switch element {
            case .field(let name):
                if !text.isEmpty { text += "." }
                text += name
            case .index(let index): text += "[\(index)]"
            case .key(let key): text += "[\(key)]"
            }
        }
        return text
    }
}
