import Testing

@testable import ImageStore

struct DigestTests {
    static let good = "sha256:" + String(repeating: "0a", count: 32)

    @Test func `a digest is read and written`() throws {
        let digest = try Digest(Self.good)
        #expect(digest.description == Self.good)
        #expect(Digest(of: Array("abc".utf8)).hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test(arguments: [
        ("", "invalid checksum digest format"), ("sha256", "invalid checksum digest format"),
        ("sha256:abc", "invalid checksum digest length"),
        ("sha256:" + String(repeating: "A", count: 64), "invalid checksum digest format"),
        ("md5:" + String(repeating: "a", count: 32), #"unsupported digest algorithm "md5""#),
        ("sha512:" + String(repeating: "a", count: 128), #"unsupported digest algorithm "sha512""#),
        ("sha256:" + String(repeating: "a", count: 62) + "/x", "invalid checksum digest format"),
    ])
    func `what is no digest is refused`(text: String, reason: String) {
        #expect(refusal(.invalid) { try Digest(text) } == "digest \"\(text)\": \(reason)")
    }

    @Test func `messages show control characters escaped and long texts cut`() {
        #expect(quoted("a\n\"b") == #""a\n\"b""#)
        #expect(quoted(String(repeating: "x", count: 300)).count == 259)
    }
}
