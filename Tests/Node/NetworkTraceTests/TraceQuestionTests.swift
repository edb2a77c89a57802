import KubernetesAPI
import KubernetesClient
import Testing

@testable import NetworkTrace

struct TraceQuestionTests {
    @Test(arguments: [
        ("web", TraceEnd.pod(ObjectKey(namespace: "d", name: "web"))), ("x/web", .pod(ObjectKey(namespace: "x", name: "web"))),
        ("pod/web", .pod(ObjectKey(namespace: "d", name: "web"))), ("pod/x/web", .pod(ObjectKey(namespace: "x", name: "web"))),
        ("svc/web", .service(ObjectKey(namespace: "d", name: "web"))), ("service/x/web", .service(ObjectKey(namespace: "x", name: "web"))),
        ("web.x.svc", .service(ObjectKey(namespace: "x", name: "web"))),
        ("web.x.svc.cluster.local", .service(ObjectKey(namespace: "x", name: "web"))), ("node", .node(nil)), ("node/n1", .node("n1")),
        ("10.0.0.1", .address("10.0.0.1")), ("fd00:0::1", .address("fd00::1")),
    ])
    func `ends are read as people write them`(text: String, expected: TraceEnd) throws {
        #expect(try TraceEnd(parsing: text, namespace: "d") == expected)
    }

    @Test(arguments: ["", "a/b/c", "pod/", "node/a/b", "Web", "10.0.0.256/x/y"])
    func `what is no end is refused`(text: String) {
        #expect(throws: TraceQuestionError.self) { try TraceEnd(parsing: text, namespace: "d") }
    }

    @Test(arguments: [
        ("svc/web:80", "80", "tcp"), ("10.0.0.1:53/udp", "53", "udp"), ("[fd00::1]:http", "http", "tcp"), ("pod/web:9/sctp", "9", "sctp"),
    ])
    func `a target has a port and a transport`(text: String, port: String, transport: String) throws {
        let target = try TraceTarget(parsing: text, namespace: "d")
        #expect(target.port == port && target.transport == transport)
    }

    @Test(arguments: ["svc/web", "svc/web:", ":80", "fd00::1:80", "web/udp"])
    func `a target without a port is refused`(text: String) {
        #expect(throws: TraceQuestionError.self) { try TraceTarget(parsing: text, namespace: "d") }
    }

    @Test func `what is not there is named`() {
        let tracer = PacketTracer(ClusterObjects())
        #expect(throws: TraceQuestionError("pod d/web: there is none")) {
            try tracer.trace(.pod(ObjectKey(namespace: "d", name: "web")), TraceTarget(parsing: "10.0.0.1:80", namespace: "d"))
        }
        #expect(throws: TraceQuestionError("node: there are 0; write node/NAME")) {
            try tracer.trace(.node(nil), TraceTarget(parsing: "10.0.0.1:80", namespace: "d"))
        }
    }
}
