import Testing

@testable import ImageStore

@Suite struct RegistryConfigurationTests {
    private func parse(_ text: String) throws(ImageError) -> RegistryConfiguration {
        try RegistryConfiguration(parsing: Array(text.utf8)) { (name) throws(ImageError) in Array("content of \(name)".utf8) }
    }

    @Test func `a file says how registries are reached`() throws {
        let configuration = try parse(
            """
            registries:
            - host: docker.io
              mirrors: [https://mirror.example.com/hub, http://10.0.0.1:5000]
            - {host: "10.0.0.1:5000", plainHTTP: true}
            - {host: secure.example.com, certificateAuthority: /ca.pem}
            - {host: "*", skipVerify: true}
            """)
        #expect(
            RegistryEndpoint.all(for: "docker.io", configuration).map { "\($0.base)" } == [
                "https://mirror.example.com/hub/v2/", "http://10.0.0.1:5000/v2/", "https://registry-1.docker.io/v2/",
            ])
        #expect("\(RegistryEndpoint.upstream(of: "10.0.0.1:5000", configuration).base)" == "http://10.0.0.1:5000/v2/")
        #expect(configuration.registry("secure.example.com").certificateAuthority == Array("content of /ca.pem".utf8))
        #expect(configuration.registry("other").skipVerify)
    }

    @Test(arguments: [
        ("registries: [{host: a, mirror: [x]}]", "registries[0].mirror: unknown field"),
        ("registries: [{mirrors: []}]", "registries[0].host is missing"),
        ("registries: [{host: a/b}]", "is no host"), ("registries: [{host: a, mirrors: [ftp://x]}]", "is no URL"),
        ("{}", "registries is missing"),
        ("registries: [{host: a}, {host: a}]", "stands here twice"), ("registries: [{host: a, clientKey: k}]", "need each other"),
    ])
    func `what is wrong in a file is named`(text: String, problem: String) {
        #expect(refusal(.invalid) { try parse(text) }.contains(problem))
    }

    @Test(arguments: [
        ("registry.example.com", "https://registry.example.com/v2/"), ("localhost", "http://localhost/v2/"),
        ("localhost:5000", "http://localhost:5000/v2/"),
        ("127.0.0.1:5105", "http://127.0.0.1:5105/v2/"), ("[::1]:5000", "http://[::1]:5000/v2/"),
        ("localhost:443", "https://localhost/v2/"),
        ("10.0.0.1:5000", "https://10.0.0.1:5000/v2/"), ("127.0.0.1.example.com", "https://127.0.0.1.example.com/v2/"),
        ("docker.io", "https://registry-1.docker.io/v2/"),
    ])
    func `plain HTTP is for the loopback alone`(host: String, expected: String) {
        #expect("\(RegistryEndpoint.upstream(of: host, RegistryConfiguration()).base)" == expected)
    }

    @Test(
        arguments: [
            ("bytes 100-199/200", 100), ("bytes 0-0/1", 0), ("bytes */200", nil), ("items 1-2/3", nil), (nil, nil),
        ] as [(String?, Int64?)])
    func `where an answer's range begins`(field: String?, expected: Int64?) { #expect(BlobDownload.begin(of: field) == expected) }

    @Test(
        arguments: [
            ("linux/amd64", "linux/amd64"), ("arm64", "linux/arm64"), ("linux/arm/v7", "linux/arm/v7"), ("x86_64", "linux/amd64"),
            ("aarch64", "linux/arm64"),
            ("", nil), ("a/b/c/d", nil), ("linux/", nil), ("li nux/amd64", nil),
        ] as [(String, String?)])
    func `platforms are read`(text: String, expected: String?) { #expect(Platform(text)?.description == expected) }

    @Test func `which hosts have no proxy`() throws {
        let variables = ["HTTPS_PROXY": "http://mary:pw@proxy:3128", "no_proxy": "example.com, .internal,10.0.0.0/8,host:444"]
        let settings = ProxySettings { variables[$0] }
        for (url, isProxied) in [
            ("https://registry.io/", true), ("http://registry.io/", false), ("https://example.com/", false),
            ("https://a.example.com/", false),
            ("https://badexample.com/", true), ("https://x.internal/", false), ("https://10.2.3.4/", false), ("https://11.2.3.4/", true),
            ("https://localhost:5000/", false), ("https://127.0.0.1/", false), ("https://host:444/", false), ("https://host/", true),
        ] {
            #expect((settings.proxy(for: try #require(.init(url))) != nil) == isProxied, "\(url)")
        }
    }
}
