/// A whole table as one value: what this program owns in the kernel's rule set.
package struct NftablesTable: Hashable, Sendable {
    /// Family `inet` (IPv4 and IPv6 together). The name: a letter, then letters, digits, `/ \ _ . -`.
    package let name: String
    /// The chains and sets as in nft(8)'s language, without the surrounding `table … { }`.
    package let content: String

    package init(name: String, content: String) {
        precondition(Self.isName(name), "not a name for a table: \(name)")
        self.name = name
        self.content = content
    }

    /// A table comment that changes with the content: reading it back from the kernel tells whether the rules are the wanted ones.
    package var digest: String { "swiftlet " + String(fnv1a(content), radix: 16) }

    /// One transaction that leaves exactly this table, whether there was one before or not: `add` makes `delete` possible, and the
    /// kernel never shows the state in between.
    package var replacement: String {
        """
        add table inet \(name)
        delete table inet \(name)
        \(definition)
        """
    }

    /// One transaction that makes the table; when there is one, the content is added to it. Where none is known to be, this is faster
    /// than ``replacement`` by the RCU grace periods of the deletion, some 8 ms each.
    package var definition: String {
        """
        table inet \(name) {
        comment "\(digest)"
        \(content)
        }
        """
    }

    /// One transaction after which there is no table of this name, whether there was one before or not.
    package static func removal(_ name: String) -> String {
        precondition(isName(name), "not a name for a table: \(name)")
        return "add table inet \(name)\ndelete table inet \(name)"
    }

    /// FNV-1a, 64 bits: stable between runs and machines, unlike `Hasher`.
    private func fnv1a(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first | 0x20) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
            default: false
            }
        }
    }
}

extension Nftables {
    /// Puts the table into the kernel in one transaction, in place of any table of the same name.
    package func replace(_ table: NftablesTable) throws(NftablesError) {
        try run(table.replacement)
    }

    /// Puts the table into the kernel in one transaction, when there is none of the same name.
    package func create(_ table: NftablesTable) throws(NftablesError) {
        try run(table.definition)
    }

    /// Removes a table; no error when it is not there.
    package func remove(_ name: String) throws(NftablesError) {
        try run(NftablesTable.removal(name))
    }
}
