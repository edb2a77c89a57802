/// Which controllers run, in the words of kube-controller-manager's `--controllers`: `*` for all, `NAME` for one, `-NAME` for not that one, `-*` for none but those that are named.
package struct ControllerChoice: Hashable, Sendable {
    private let words: [String]

    package static let all = ControllerChoice(words: ["*"])
    package static let none = ControllerChoice(words: [])

    private init(words: [String]) { self.words = words }

    /// Reads `*,-job-controller`; the empty text chooses none.
    ///
    /// - Throws: A name that no controller has.
    package init(parsing text: String, known: [String] = ControllerManager.all.map { $0.name }) throws(UnknownController) {
        words = text.split(separator: ",").map { String($0.filter { $0 != " " }) }
        for word in words where word != "*" && word != "-*" {
            let name = word.hasPrefix("-") ? String(word.dropFirst()) : word
            guard known.contains(name) else { throw UnknownController(name: name, known: known.sorted()) }
        }
    }

    /// One that is named is chosen or not as it is named, whatever `*` says.
    package func contains(_ name: String) -> Bool {
        if words.contains("-\(name)") { return false }
        return words.contains(name) || words.contains("*")
    }
}

package struct UnknownController: Error, Hashable, CustomStringConvertible {
    package let name: String
    package let known: [String]
    package var description: String { "there is no controller \(name); there are \(known.joined(separator: ", "))" }
}
