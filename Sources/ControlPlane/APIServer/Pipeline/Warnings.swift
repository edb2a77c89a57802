/// Collects the texts of `Warning` headers while a request is handled.
struct Warnings: Sendable {
    private(set) var texts: [String] = []

    mutating func add(_ text: String) {
        if !text.isEmpty, !texts.contains(text) { texts.append(text) }
    }
    mutating func add(contentsOf texts: [String]) { for text in texts { add(text) } }

    /// The header values (RFC 7234, 5.5): code 299, no agent. Beyond 4096 characters in all the texts are cut to 256 each, then left out.
    var headerValues: [String] {
        let total = texts.reduce(0) { $0 + $1.utf8.count }
        guard total > Self.totalMax else { return texts.map(Self.header) }
        var length = 0
        var values: [String] = []
        for text in texts {
            let cut = text.utf8.count > Self.cutLength ? String(decoding: text.utf8.prefix(Self.cutLength), as: UTF8.self) : text
            // The one that crosses the limit is still sent, as upstream does.
            guard length < Self.totalMax else { break }
            length += cut.utf8.count
            values.append(Self.header(cut))
        }
        return values
    }

    private static let totalMax = 4096
    private static let cutLength = 256

    private static func header(_ text: String) -> String {
        var quoted = "299 - \""
        for scalar in text.unicodeScalars where scalar.value >= 0x20 && scalar.value != 0x7F {
            if scalar == "\"" || scalar == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }
}
