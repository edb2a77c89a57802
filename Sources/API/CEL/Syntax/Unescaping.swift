/// Reads what stands between the quotes of a literal.
struct Unescaping {
    let isRaw: Bool
    let isBytes: Bool

    private static let plain: [Unicode.Scalar: UInt8] = [
        "a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 0x5c, "?": 0x3f, "\"": 0x22, "'": 0x27, "`": 0x60,
    ]

    /// The bytes, UTF-8 for a string; nil for an escape that is none.
    func value(_ scalars: ArraySlice<Unicode.Scalar>) -> [UInt8]? {
        var result: [UInt8] = []
        var position = scalars.startIndex
        while position < scalars.endIndex {
            let scalar = scalars[position]
            position += 1
            guard scalar == "\\", !isRaw else {
                result += UTF8.encode(scalar).map(Array.init) ?? []
                continue
            }
            guard position < scalars.endIndex, append(scalars, &position, to: &result) else { return nil }
        }
        return result
    }

    private func append(_ scalars: ArraySlice<Unicode.Scalar>, _ position: inout Int, to result: inout [UInt8]) -> Bool {
        let letter = scalars[position]
        position += 1
        if let byte = Self.plain[letter] {
            result.append(byte)
            return true
        }
        let code: UInt32?
        switch letter {
        case "x", "X": code = number(scalars, &position, digits: 2, radix: 16)
        case "u" where !isBytes: code = number(scalars, &position, digits: 4, radix: 16)
        case "U" where !isBytes: code = number(scalars, &position, digits: 8, radix: 16)
        case "0"..."3":
            position -= 1
            code = number(scalars, &position, digits: 3, radix: 8)
        default: return false
        }
        guard let code else { return false }
        if isBytes {
            result.append(UInt8(truncatingIfNeeded: code))
            return true
        }
        guard let scalar = Unicode.Scalar(code) else { return false }
        result += UTF8.encode(scalar).map(Array.init) ?? []
        return true
    }

    private func number(_ scalars: ArraySlice<Unicode.Scalar>, _ position: inout Int, digits: Int, radix: UInt32) -> UInt32? {
        guard position + digits <= scalars.endIndex else { return nil }
        var value: UInt32 = 0
        for scalar in scalars[position..<position + digits] {
            guard let digit = Character(scalar).hexDigitValue, scalar.isASCII, digit < radix else { return nil }
            value = value &* radix &+ UInt32(digit)
        }
        position += digits
        return value
    }
}
