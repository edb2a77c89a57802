import Glibc
import LinuxSystem
import Netlink
import Nftables
import Testing

/// The kernel's rules for real, in network namespaces that end with the test.
@Suite(.enabled(if: geteuid() == 0, "needs root"))
struct NftablesKernelTests {
    private func kernelTable(_ name: String) throws -> NetfilterTable? {
        var socket = try NetlinkSocket(.netfilter)
        return try socket.netfilterTable(name)
    }

    @Test func `a table is put in place, replaced and removed`() throws {
        try NetworkNamespace.runApart {
            let nftables = Nftables()
            #expect(try kernelTable("t") == nil)
            let first = NftablesTable(name: "t", content: "chain a { }\nchain b { }")
            try nftables.replace(first)
            let present = try #require(try kernelTable("t"))
            #expect(present.name == "t" && present.comment == first.digest && present.uses == 2)
            let second = NftablesTable(name: "t", content: "chain c { }")
            try nftables.replace(second)
            #expect(try kernelTable("t")?.comment == second.digest && kernelTable("t")?.uses == 1)
            #expect(try nftables.run("list table inet t").contains("chain c"))
            try nftables.remove("t")
            try nftables.remove("t")
            #expect(try kernelTable("t") == nil)
        }
    }

    @Test func `a transaction happens whole or not at all`() throws {
        try NetworkNamespace.runApart {
            let nftables = Nftables()
            try nftables.replace(NftablesTable(name: "t", content: "chain a { }"))
            #expect(throws: NftablesError.self) { try nftables.run("add table inet u\nadd rule inet nothing c accept") }
            #expect(try kernelTable("u") == nil)
            #expect(throws: NftablesError.self) { try nftables.replace(NftablesTable(name: "t", content: "chain a { nonsense }")) }
            #expect(try kernelTable("t")?.uses == 1)
        }
    }

    @Test func `an error names the command and the reason`() throws {
        try NetworkNamespace.runApart {
            let nftables = Nftables()
            #expect { try nftables.run("list table inet nothing") } throws: { error in
                "\(error)" == "nftables: list table inet nothing: No such file or directory"
            }
            #expect { try nftables.run("no such command") } throws: { error in
                "\(error)".hasPrefix("nftables: no such command: syntax error")
            }
            let output = try nftables.run("list tables")
            #expect(output == "")  // the failures left nothing behind
        }
    }

    @Test func `JSON goes in and out`() throws {
        try NetworkNamespace.runApart {
            let nftables = Nftables()
            try nftables.run(#"{"nftables": [{"add": {"table": {"family": "inet", "name": "j"}}}]}"#, json: true)
            #expect(try kernelTable("j") != nil)
            let listing = try nftables.run("list tables", json: true)
            #expect(listing.hasPrefix(#"{"nftables":"#) && listing.contains(#""name": "j""#))
            #expect(try nftables.run("list tables") == "table inet j\n")
        }
    }

    @Test func `a closed context is made anew`() throws {
        try NetworkNamespace.runApart {
            let nftables = Nftables()
            try nftables.run("add table inet a")
            nftables.close()
            #expect(try nftables.run("list tables") == "table inet a\n")
        }
    }
}
