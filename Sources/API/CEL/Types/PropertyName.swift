/// Names of properties as identifiers: Kubernetes writes what CEL could not read as `__word__`.
package enum PropertyName {
    private static let reserved: Set<String> = [
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop",
        "package", "namespace", "return", "var", "void", "while",
    ]

    /// - Returns: nil for a name that expressions cannot reach.
    package static func escaped(_ name: String) -> String? {
        guard let first = name.unicodeScalars.first, !Lexer.isDigit(first) else { return nil }
        if reserved.contains(name) { return "__\(name)__" }
        var result = ""
        var rest = Substring(name).unicodeScalars
        while let scalar = rest.popFirst() {
            switch scalar {
            case "_" where rest.first == "_":
                rest.removeFirst()
                result += "__underscores__"
            case ".": result += "__dot__"
            case "-": result += "__dash__"
            case "/": result += "__slash__"
            case _ where Lexer.isLetter(scalar) || Lexer.isDigit(scalar): result.unicodeScalars.append(scalar)
            default: return nil
            }
        }
        return result
    }
}
