import Testing

@testable import ImageStore

struct LayerPathTests {
    @Test(arguments: [
        (".", LayerPath.root), ("./", .root), ("/", .root), ("a", .entry(parents: [], name: "a")),
        ("./a//b/./c/", .entry(parents: ["a", "b"], name: "c")), ("a/.wh.b", .whiteout(parents: ["a"], name: "b")),
        ("a/b/.wh..wh..opq", .opaque(directory: ["a", "b"])), (".wh..wh..opq", .opaque(directory: [])),
        (".wh..wh.plnk", .ignored), (".wh..wh.plnk/12.34", .ignored), ("a/..b", .entry(parents: ["a"], name: "..b")),
    ])
    func `a name says where an entry goes`(path: String, expected: LayerPath) throws {
        #expect(try LayerPath(RawPath(path)) == expected)
    }

    @Test(arguments: [
        ("/etc/passwd", "the path is absolute"), ("//", "the path is absolute"), ("../x", "the path has .."),
        ("a/../../x", "the path has .."),
        ("a/..", "the path has .."), ("a/.wh.", "a whiteout of nothing"), (".wh..", "a whiteout of nothing"),
        (".wh...", "a whiteout of nothing"), (".wh.a/b", "a directory's name starts with .wh."),
        (String(repeating: "a", count: 256), "a name in the path is longer than 255 bytes"),
        (String(repeating: "a/", count: 2048), "the path is longer than 4095 bytes"),
    ])
    func `a name that leads astray is refused`(path: String, reason: String) {
        #expect(refusal { try LayerPath(RawPath(path)) } == reason)
    }

    @Test func `bytes that are not UTF-8 stay what they are`() throws {
        let name = RawPath(bytes: [0x61, 0xff, 0xfe])
        #expect(try LayerPath(name) == .entry(parents: [], name: name))
        #expect(name.bytes == [0x61, 0xff, 0xfe])
    }

    @Test(arguments: [
        ("user.x", ExtendedAttributeRule.keep), ("security.capability", .keep), ("system.posix_acl_access", .keep),
        ("trusted.overlay.opaque", .refuse), ("trusted.x", .refuse), ("user.overlay.redirect", .refuse),
        ("security.selinux", .skip), ("security.ima", .skip),
    ])
    func `attributes are kept, left out or refused`(name: String, rule: ExtendedAttributeRule) {
        #expect(ExtendedAttributeRule(name) == rule)
    }
}
