import Nftables
import Testing

struct NftablesTableTests {
    @Test func `a replacement is one buffer that works with and without an old table`() {
        let table = NftablesTable(name: "swl-1", content: "  chain c { }")
        #expect(
            table.replacement == """
                add table inet swl-1
                delete table inet swl-1
                table inet swl-1 {
                comment "\(table.digest)"
                  chain c { }
                }
                """)
        #expect(NftablesTable.removal("swl-1") == "add table inet swl-1\ndelete table inet swl-1")
    }

    @Test func `the digest follows the content and nothing else`() {
        let table = NftablesTable(name: "a", content: "x")
        #expect(table.digest == NftablesTable(name: "b", content: "x").digest)
        #expect(table.digest != NftablesTable(name: "a", content: "y").digest)
        #expect(table.digest == "swiftlet af63f54c86021707")  // FNV-1a of "x"
    }
}
