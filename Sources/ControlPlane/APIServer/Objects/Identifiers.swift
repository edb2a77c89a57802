internal import APIMachinery

/// What the server makes up for new objects. A simulation makes them up of its seed.
package struct Identifiers: Sendable {
    package var uid: @Sendable () -> String
    /// What follows the prefix of a generated name.
    package var nameSuffix: @Sendable () -> String

    package init(
        uid: @escaping @Sendable () -> String = { UID.random().description },
        nameSuffix: @escaping @Sendable () -> String = {
            var generator = SystemRandomNumberGenerator()
            return Self.nameSuffix(&generator)
        }
    ) {
        self.uid = uid
        self.nameSuffix = nameSuffix
    }

    /// Five characters that spell no words.
    package static func nameSuffix(_ generator: inout some RandomNumberGenerator) -> String {
        String((0..<5).map { _ in alphabet.randomElement(using: &generator) ?? "x" })
    }

    private static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
}
