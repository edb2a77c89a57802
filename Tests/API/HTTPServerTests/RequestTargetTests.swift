import APIMachinery
import Testing

@testable import HTTPServer

@Suite struct RequestTargetTests {
    @Test(
        arguments: [
            ("/api?a=1&b", "/api", ["a=1", "b="]), ("/api", "/api", []), ("/api?", "/api", []), ("/", "/", []),
            ("/a%2Fb?x=%2F", "/a%2Fb", ["x=/"]), ("/a?x=a+b%2Bc", "/a", ["x=a b+c"]), ("/a?&&x=1&", "/a", ["x=1"]), ("/a?=1", "/a", ["=1"]),
            ("/a?x=1=2", "/a", ["x=1=2"]), ("/a?x?y", "/a", ["x?y="]), ("/a?x=1&x=2", "/a", ["x=1", "x=2"]),
            ("/a?x=%zz&y=1&z%=2", "/a", ["y=1"]), ("/a?x=1;y=2&z=3", "/a", ["z=3"]), ("/a?x=%C3%A9", "/a", ["x=é"]),
            ("http://host:1/a?x=1", "/a", ["x=1"]), ("https://host", "/", []), ("/a#b", "/a#b", []),
        ] as [(String, String, [String])])
    func `has a path and parameters`(text: String, path: String, parameters: [String]) throws {
        let target = try #require(RequestTarget(text))
        #expect(target.path == path)
        #expect(target.query.map { "\($0.name)=\($0.value)" } == parameters)
    }

    @Test(arguments: [
        "", "*", "api", "ftp://host/a", "host:80", "/a%", "/a%zz", "/a%2", "/a b", "/a\u{1}", "/a\u{7F}", "/a\tb", "/a?x=\r\n",
    ])
    func `is refused otherwise`(text: String) { #expect(RequestTarget(text) == nil) }
}
