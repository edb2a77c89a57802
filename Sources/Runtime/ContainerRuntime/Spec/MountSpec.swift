package import CRI
package import LinuxSystem

/// One mount inside the container.
package struct MountSpec: Sendable, Hashable {
    package enum Source: Sendable, Hashable {
        /// A new file system: its type and options (`mode=755`).
        case filesystem(type: String, options: [String])
        /// A piece of the machine's tree.
        case bind(BindSource)
        /// Layers of an image, uppermost first, never written to.
        case image(layers: [String])
    }

    package struct BindSource: Sendable, Hashable {
        package var path: String
        /// Below `path`, never leaving it through links; empty for `path` itself.
        package var subPath = ""
        /// Of what is bound: decides what is made as mount point.
        package var isDirectory = true
        /// Ownership on disk is translated by the pod's user namespace.
        package var isIDMapped = false

        package init(path: String) { self.path = path }
    }

    /// Absolute, inside the container, without `.` and `..`.
    package var target: String
    package var source: Source
    package var attributes: MountAttributes = []
    /// The attributes hold for all mounts below the source as well.
    package var isRecursiveReadOnly = false
    package var propagation = CRI.MountPropagation.private

    package init(target: String, source: Source, attributes: MountAttributes = []) {
        self.target = target
        self.source = source
        self.attributes = attributes
    }
}
