import APIMachinery
import Testing

@Suite struct PercentEncodingTests {
    /// As in a path, as in a query.
    @Test(
        arguments: [
            ("", "", ""), ("plain", "plain", "plain"), ("a+b", "a+b", "a b"), ("a%20b", "a b", "a b"), ("a%2Bb", "a+b", "a+b"),
            ("%41%61%7e", "Aa~", "Aa~"), ("%2f%2F", "//", "//"), ("%25%32%35", "%25", "%25"), ("%C3%A9", "é", "é"), ("é", "é", "é"),
            ("%E2%82%AC", "€", "€"), ("%C3", "\u{FFFD}", "\u{FFFD}"), ("%00", "\0", "\0"), ("%2B+", "++", "+ "),
            ("%", nil, nil), ("%4", nil, nil), ("100%", nil, nil), ("%zz", nil, nil), ("%4g", nil, nil), ("%+1", nil, nil),
            ("%%41", nil, nil),
            ("a%", nil, nil), ("%é", nil, nil),
        ] as [(String, String?, String?)])
    func `is undone, or the text is refused`(text: String, path: String?, query: String?) {
        #expect(PercentEncoding.decoded(text[...]) == path)
        #expect(PercentEncoding.decoded(text[...], plusIsSpace: true) == query)
    }

    @Test(arguments: [
        ("", ""), ("web-1.2_3~4", "web-1.2_3~4"), ("system:node@a", "system:node@a"), ("a b", "a%20b"), ("a+b/c", "a%2Bb%2Fc"),
        ("é", "%C3%A9"),
        ("a=b&c?d#e%", "a%3Db%26c%3Fd%23e%25"), ("\0\n", "%00%0A"),
    ])
    func `encodes what has a meaning of its own`(text: String, expected: String) {
        #expect(PercentEncoding.encoded(text) == expected)
        #expect(PercentEncoding.decoded(expected[...]) == text)
        #expect(PercentEncoding.decoded(expected[...], plusIsSpace: true) == text)
    }
}
