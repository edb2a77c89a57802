import APIMachinery
import Testing

@testable import ControlPlane

/// What is too long, too large or too deep is refused with a Status over TLS as well, and the server goes on.
extension ControlPlaneServerTests {
    struct Excess: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Prints a body; `{}` without one.
        var body = "printf '{}'"
        /// Options and the end of curl's command line; `URL` is the server's.
        var request: String
        var status: Int

        static let all = [
            Excess(
                testDescription: "a body over 3 MiB", body: "head -c 3500000 /dev/zero",
                request: "-H 'Content-Type: application/json' --data-binary @- URL/api/v1/namespaces", status: 413),
            Excess(
                testDescription: "a URL over 64 KiB",
                request: "\"URL/api/v1/namespaces?labelSelector=$(head -c 70000 /dev/zero | tr '\\0' a)\"",
                status: 431),
            Excess(
                testDescription: "header fields over 64 KiB",
                request: "-H \"X-Long: $(head -c 100000 /dev/zero | tr '\\0' a)\" URL/api/v1/namespaces", status: 431),
            Excess(
                testDescription: "JSON in 100,000 levels", body: "head -c 100000 /dev/zero | tr '\\0' '['",
                request: "-H 'Content-Type: application/json' --data-binary @- URL/api/v1/namespaces", status: 400),
            Excess(
                testDescription: "YAML in 100,000 levels", body: "head -c 100000 /dev/zero | tr '\\0' '['",
                request: "-H 'Content-Type: application/yaml' --data-binary @- URL/api/v1/namespaces", status: 400),
            Excess(
                testDescription: "YAML whose aliases name billions of values",
                body:
                    #"printf 'a: &a [x,x,x,x,x,x,x,x,x]\n'; p=a; for n in b c d e f g h i j k; do printf '%s: &%s [*%s,*%s,*%s,*%s,*%s,*%s,*%s,*%s,*%s]\n' $n $n $p $p $p $p $p $p $p $p $p; p=$n; done"#,
                request: "-H 'Content-Type: application/yaml' --data-binary @- URL/api/v1/namespaces", status: 400),
            Excess(
                testDescription: "protobuf with a length beyond its end",
                body: #"printf 'k8s\0\n\014\n\002v1\022\006Secret\022\377\377\377\377\017'"#,
                request: "-H 'Content-Type: application/vnd.kubernetes.protobuf' --data-binary @- URL/api/v1/namespaces/default/secrets",
                status: 400),
            Excess(
                testDescription: "a patch that doubles the depth with every operation",
                body: #"p=/data; printf '[{"op":"add","path":"/data","value":{}}'; for n in 1 2 3 4 5 6 7 8 9 10 11 12; do "#
                    + #"q=$p; n=$(printf %s "$p" | tr -cd / | wc -c); printf ',{"op":"copy","from":"/data","path":"%s/data"}' "$p"; p=$p/data$(printf '/data%.0s' $(seq $n)); p=${p%/data}; done; printf ']'"#,
                request:
                    "-X PATCH -H 'Content-Type: application/json-patch+json' --data-binary @- URL/api/v1/namespaces/default/configmaps/deep",
                status: 422),
            Excess(
                testDescription: "a limit that is no number", request: "'URL/api/v1/namespaces?limit=99999999999999999999'", status: 400),
            Excess(
                testDescription: "a continue token of rubbish", request: "'URL/api/v1/namespaces?limit=1&continue=%00%FFabc'", status: 400),
            Excess(
                testDescription: "a bearer token of 40 KB",
                request: "--oauth2-bearer \"$(head -c 40000 /dev/zero | tr '\\0' a)\" URL/api/v1/namespaces", status: 401),
        ]
    }

    @Test func `bodies, headers, URLs, nesting and lists are bounded`() async throws {
        try await run { cluster in
            let url = cluster.server.url
            let post = "-H 'Content-Type: application/json' -d '{\"metadata\":{\"name\":\"deep\"},\"data\":{}}'"
            _ = try await shell("\(cluster.admin) \(post) \(url)/api/v1/namespaces/default/configmaps")
            for excess in Excess.all {
                let curl = excess.status == 401 ? cluster.curl : cluster.admin
                let request = excess.request.replacing("URL", with: url)
                // Over HTTP/2 some of them end the connection before there is an answer.
                let answer = try await shell("{ \(excess.body); } | \(curl) --http1.1 -m 20 -w '\\n%{http_code}' \(request)")
                #expect(answer.hasSuffix("\n\(excess.status)"), "\(excess.testDescription): \(answer.suffix(300))")
                #expect(answer.contains(/"kind": ?"Status"/), "\(excess.testDescription): \(answer.suffix(300))")
            }
            #expect(try await shell("\(cluster.admin) \(url)/readyz") == "ok")
        }
    }
}
