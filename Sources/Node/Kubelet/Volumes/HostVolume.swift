package import CRI

/// A volume of a pod as it stands on the node.
package struct HostVolume: Sendable, Hashable {
    package enum Source: Sendable, Hashable {
        case path(String)
        case image(ImageSpec)
    }
    package var source: Source
    /// Containers may only read it, whatever their mount says.
    package var isReadOnly = false

    package init(_ source: Source, isReadOnly: Bool = false) {
        self.source = source
        self.isReadOnly = isReadOnly
    }
}
