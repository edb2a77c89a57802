import APIMachinery

/// An image's name as docker normalises it: `busybox` is `docker.io/library/busybox:latest`.
/// See `ImageName` for the grammar.
package struct ImageReference: Hashable, Sendable, CustomStringConvertible {
    /// Host and optional port, `docker.io` when none was given.
    package let domain: String
    /// The repository's path below the domain, `library/busybox`.
    package let path: String
    package let tag: String?
    package let digest: Digest?

    /// Parses and normalises a name. Without tag and digest the tag is `latest`.
    ///
    /// - Throws: `.invalid`; the texts are those of the reference implementation.
    package init(_ text: String) throws(ImageError) {
        do {
            let name = try ImageName(text)
            (domain, path, tag) = (name.domain, name.path, name.tag)
            digest = try name.digest.map { (text) throws(ImageError) in try Digest(text) }
        } catch { throw .invalid("parse image reference \(quoted(text)): \(error)") }
    }

    init(domain: String, path: String, tag: String?, digest: Digest?) {
        (self.domain, self.path, self.tag, self.digest) = (domain, path, tag, digest)
    }

    /// `docker.io/library/busybox`.
    package var repository: String { "\(domain)/\(path)" }

    /// The full name: `docker.io/library/busybox:latest`.
    package var description: String {
        repository + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    /// The short name people type: `busybox:latest`.
    package var familiar: String {
        let familiarPath = path.hasPrefix("library/") ? String(path.dropFirst("library/".count)) : path
        let name = domain == "docker.io" ? familiarPath : repository
        return name + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    /// The same repository with a digest in place of the tag.
    package func pinned(to digest: Digest) -> ImageReference {
        ImageReference(domain: domain, path: path, tag: nil, digest: digest)
    }
}
