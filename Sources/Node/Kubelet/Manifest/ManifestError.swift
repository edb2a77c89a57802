package import APIMachinery

/// All that is wrong with a manifest, one problem a line:
/// `pod.yaml:7: spec.containers[0].imagee: unknown field: did you mean "image"?`.
package struct ManifestError: Error, Hashable, Sendable, CustomStringConvertible {
    package struct Problem: Hashable, Sendable, CustomStringConvertible {
        package var file: String
        /// From 1; nil when the file could not be read.
        package var line: Int?
        /// The root when it concerns the whole document.
        package var path: FieldPath
        package var message: String

        package init(file: String, line: Int? = nil, path: FieldPath = .root, message: String) {
            self.file = file
            self.line = line
            self.path = path
            self.message = message
        }

        package var description: String {
            let place = line.map { "\(file):\($0)" } ?? file
            return path.elements.isEmpty ? "\(place): \(message)" : "\(place): \(path): \(message)"
        }
    }

    /// In the order of their lines, at least one.
    package let problems: [Problem]

    package init(_ problems: [Problem]) {
        precondition(!problems.isEmpty, "an error says what is wrong")
        // The sort is stable: problems of one line keep their order.
        self.problems = problems.sorted { ($0.line ?? 0) < ($1.line ?? 0) }
    }

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
