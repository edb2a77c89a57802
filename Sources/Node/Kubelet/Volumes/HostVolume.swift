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

/// A volume that could not be made ready. The text is the event's.
package struct VolumeError: Error, Sendable, CustomStringConvertible {
    package let volume: String
    package let cause: String
    package init(_ volume: String, _ cause: String) {
        self.volume = volume
        self.cause = cause
    }
    package var description: String { "MountVolume.SetUp failed for volume \"\(volume)\" : \(cause)" }
}
