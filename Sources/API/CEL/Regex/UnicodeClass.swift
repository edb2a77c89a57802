import Synchronization

/// Classes by Unicode's general category.
enum UnicodeClass {
    /// - Parameter name: A category such as `L` or `Lu`, `Any`, or one of the scripts that are blocks of letters.
    /// - Returns: nil for a name that is not known.
    static func set(_ name: String) -> ScalarSet? {
        if name == "Any" { return .all }
        if let ranges = scripts[name] { return ScalarSet(ranges) }
        let wanted = categories.filter { $0.key.hasPrefix(name) }.map(\.value)
        guard !wanted.isEmpty, !name.isEmpty else { return nil }
        return cache.withLock { cache in
            if let set = cache[name] { return set }
            let set = made(Set(wanted))
            cache[name] = set
            return set
        }
    }

    /// Going through all scalars takes a while: once for each name.
    private static let cache = Mutex<[String: ScalarSet]>([:])

    private static func made(_ wanted: Set<Unicode.GeneralCategory>) -> ScalarSet {
        var ranges: [ClosedRange<UInt32>] = []
        var start: UInt32?
        for value in 0...ScalarSet.last {
            let isIn = Unicode.Scalar(value).map { wanted.contains($0.properties.generalCategory) } ?? false
            if isIn, start == nil { start = value }
            if !isIn, let begin = start {
                ranges.append(begin...(value - 1))
                start = nil
            }
        }
        if let begin = start { ranges.append(begin...ScalarSet.last) }
        return ScalarSet(ranges)
    }

    private static let categories: [String: Unicode.GeneralCategory] = [
        "Lu": .uppercaseLetter, "Ll": .lowercaseLetter, "Lt": .titlecaseLetter, "Lm": .modifierLetter, "Lo": .otherLetter,
        "Mn": .nonspacingMark, "Mc": .spacingMark, "Me": .enclosingMark, "Nd": .decimalNumber, "Nl": .letterNumber, "No": .otherNumber,
        "Pc": .connectorPunctuation, "Pd": .dashPunctuation, "Ps": .openPunctuation, "Pe": .closePunctuation,
        "Pi": .initialPunctuation, "Pf": .finalPunctuation, "Po": .otherPunctuation, "Sm": .mathSymbol, "Sc": .currencySymbol,
        "Sk": .modifierSymbol, "So": .otherSymbol, "Zs": .spaceSeparator, "Zl": .lineSeparator, "Zp": .paragraphSeparator,
        "Cc": .control, "Cf": .format, "Co": .privateUse,
    ]

    private static let scripts: [String: [ClosedRange<UInt32>]] = [
        "Latin": [
            0x41...0x5a, 0x61...0x7a, 0xaa...0xaa, 0xba...0xba, 0xc0...0xd6, 0xd8...0xf6, 0xf8...0x2b8, 0x1e00...0x1eff,
        ],
        "Greek": [0x370...0x373, 0x375...0x377, 0x37a...0x37d, 0x37f...0x37f, 0x384...0x384, 0x386...0x386, 0x388...0x3e1, 0x3f0...0x3ff],
        "Cyrillic": [0x400...0x484, 0x487...0x52f, 0x1c80...0x1c88], "Hebrew": [0x591...0x5f4],
        "Hiragana": [0x3041...0x3096, 0x309d...0x309f],
        "Katakana": [0x30a1...0x30fa, 0x30fd...0x30ff],
        "Han": [0x2e80...0x2fd5, 0x3005...0x3007, 0x3021...0x3029, 0x3400...0x4dbf, 0x4e00...0x9fff],
    ]
}
