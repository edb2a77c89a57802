import APIMachinery
import Testing

@Suite struct NamesTests {
    private static let label =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"

    @Test(
        arguments: [
            ("web", []), ("a-1", []), ("1", []), ("", [label]), ("A", [label]), ("-a", [label]), ("a-", [label]), ("a_b", [label]),
            ("a.b", ["must not contain dots"]), (String(repeating: "a", count: 63), []),
            (String(repeating: "a", count: 64), ["must be no more than 63 characters"]), ("é", [label]),
        ] as [(String, [String])])
    func `DNS labels`(text: String, problems: [String]) { #expect(NameValidation.dns1123Label(text) == problems) }

    @Test(arguments: ["a", "a.b", "1.2-3.c"])
    func `DNS subdomains`(text: String) { #expect(NameValidation.dns1123Subdomain(text).isEmpty) }

    @Test(arguments: ["", ".", "a.", ".a", "a..b", "A.b", "a_b", "a.-b"])
    func `no DNS subdomains`(text: String) { #expect(NameValidation.dns1123Subdomain(text).count == 1) }

    @Test(arguments: [("a", 0), ("example.com/A_b.c", 0), ("", 2), ("/a", 1), ("a/", 2), ("a/b/c", 1), ("A_b/c", 1), ("a b", 1), ("-a", 1)])
    func `qualified names`(text: String, count: Int) { #expect(NameValidation.qualifiedName(text).count == count) }

    @Test(arguments: [("", true), ("A_b.c-1", true), ("-a", false), ("a b", false), (String(repeating: "x", count: 64), false)])
    func `label values`(text: String, isValid: Bool) { #expect(NameValidation.labelValue(text).isEmpty == isValid) }

    @Test(arguments: [("web", true), ("1", false), ("a.b", false)])
    func `DNS 1035 labels begin with a letter`(text: String, isValid: Bool) {
        #expect(NameValidation.dns1035Label(text).isEmpty == isValid)
    }

    @Test(arguments: [("http", 0), ("80", 1), ("a--b", 1), ("-a", 1), ("", 2), ("averyveryverylong", 1), ("A_B", 2)])
    func `port names`(text: String, count: Int) { #expect(NameValidation.portName(text).count == count) }

    @Test(arguments: [
        ("10.0.0.1", "10.0.0.1" as String?), ("::", "::"), ("::1", "::1"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("1::", "1::"), ("::ffff:10.0.0.1", "::ffff:a00:1"), ("1:0:0:4:5:6:7:8", "1::4:5:6:7:8"), ("01.2.3.4", nil),
        ("1.2.3", nil), ("1.2.3.256", nil), (":::", nil), ("1::2::3", nil), ("1:2:3:4:5:6:7", nil), ("g::", nil), ("", nil),
        ("1:2:3:4:5:6:7:8::", nil), ("+1.2.3.4", nil),
    ])
    func addresses(text: String, canonical: String?) { #expect(IPAddress(text)?.description == canonical) }

    @Test func `a UID is a version 4 UUID and never the same`() {
        let ids = (0..<1000).map { _ in UID.random().description }
        #expect(Set(ids).count == 1000)
        for id in ids {
            let parts = id.split(separator: "-").map(\.count)
            #expect(parts == [8, 4, 4, 4, 12])
            #expect(Array(id)[14] == "4")
            #expect("89ab".contains(Array(id)[19]))
        }
    }

    @Test(arguments: ["", "f", "fo", "foo", "foob", "fooba", "foobar"])
    func `base64 comes back`(text: String) {
        let data = Base64Data(Array(text.utf8))
        #expect(Base64Data(base64: data.base64) == data)
    }

    @Test(arguments: ["Zg", "Zg=", "Zh==", "Z===", "Zm9v=", "Z g=", "Zg==Zg==", "=", "Zm9*"])
    func `refuses what is no base64`(text: String) { #expect(Base64Data(base64: text) == nil) }

    @Test func `base64 is what others write`() {
        #expect(Base64Data(Array("foobar".utf8)).base64 == "Zm9vYmFy")
        #expect(Base64Data([0xfb, 0xff]).base64 == "+/8=")
        #expect(Base64Data(base64: "Zm9v\nYmE=")?.bytes == Array("fooba".utf8))
    }
}
