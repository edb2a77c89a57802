/// The smallest part of an expression that means something.
struct Token: Sendable {
    enum Kind: Hashable, Sendable {
        case identifier, integer, unsigned, double, string, bytes
        /// An operator, a bracket, or one of the words `in`, `true`, `false`, `null`.
        case symbol
        case end
    }

    var kind: Kind
    /// As it stands in the source.
    var text: String
    var offset: Int
    /// What a literal of text stands for.
    var stringValue = ""
    var bytesValue: [UInt8] = []
    /// The first scalar behind it.
    var end: Int

    /// How messages call it.
    var shown: String { kind == .end ? "<EOF>" : text }

    func isSymbol(_ text: String) -> Bool { kind == .symbol && self.text == text }
}
