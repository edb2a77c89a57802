/// No answer came, or it broke off.
package struct TransportError: Error, Hashable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
