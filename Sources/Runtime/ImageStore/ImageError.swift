import LinuxSystem

/// What went wrong with an image, in one line, outermost first:
/// `import /tmp/x.tar: layer 2 of 3: entry "../../etc/passwd": the path leaves the layer`.
package struct ImageError: Error, CustomStringConvertible {
    /// What a caller may branch on.
    package enum Code: Sendable, Hashable {
        /// The caller's argument is malformed.
        case invalid
        case notFound
        /// The image's content is malicious, malformed or over a limit; nothing of it was kept.
        case refused
        /// Stored content differs from its digest; it was set aside.
        case corrupted
        case inUse
        /// A registry does not answer, or says that it can't now: another try may succeed.
        case unavailable
        /// A registry does not let this caller in.
        case denied
        case ambiguous
        /// A system call failed.
        case failed
    }

    package var code: Code
    /// What was tried, on what, with which value.
    package var operation: String
    package var cause: (any Error & Sendable)?

    package init(_ code: Code, _ operation: String, cause: (any Error & Sendable)? = nil) {
        self.code = code
        self.operation = operation
        self.cause = cause
    }

    package var description: String { cause.map { "\(operation): \($0)" } ?? operation }

    static func invalid(_ text: String) -> ImageError { ImageError(.invalid, text) }
    static func refused(_ text: String) -> ImageError { ImageError(.refused, text) }
    static func notFound(_ text: String) -> ImageError { ImageError(.notFound, text) }
    static func failed(_ operation: String, _ errno: Errno) -> ImageError { ImageError(.failed, operation, cause: errno) }

    /// No image has this name, ID or beginning of an ID.
    package static func missing(_ nameOrID: String) -> ImageError {
        .notFound("image \(quoted(nameOrID)) is not in the image store")
    }

    /// The same error with one more layer of words in front.
    func within(_ outer: String) -> ImageError { ImageError(code, outer, cause: self) }
}

/// Runs `body`; an error of it gets `outer` in front.
func within<Result>(_ outer: @autoclosure () -> String, _ body: () throws(ImageError) -> Result) throws(ImageError) -> Result {
    do { return try body() } catch { throw error.within(outer()) }
}
