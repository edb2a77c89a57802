/// A container's configuration that cannot be carried out, whatever the machine: what is wanted, and what is wrong with it.
package struct SpecError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
