import APIMachinery
import HTTPClient
import KubernetesAPI
import Testing

@testable import KubernetesClient

struct StreamTests {
    @Test(arguments: [["a\nbb\n"], ["a", "\nb", "b\n"], ["a\n", "\n", "bb\n"], ["", "a\r\nbb\n"]])
    func `lines come out whole however they were cut`(chunks: [String]) {
        var lines = LineBuffer()
        var found: [String] = []
        for chunk in chunks {
            lines.append(Array(chunk.utf8))
            while let line = lines.next() { found.append(String(decoding: line.filter { $0 != 13 }, as: UTF8.self)) }
        }
        #expect(found == ["a", "bb"])
        #expect(lines.isEmpty)
    }

    @Test(.timeLimit(.minutes(1))) func `a reader that stays behind is cut off, after what it had`() async throws {
        let stream = ByteStream(maxBytes: 4)
        #expect(stream.write([1, 2, 3]))
        #expect(!stream.write([4, 5]))
        #expect(!stream.write([6]))
        var chunks = stream.makeAsyncIterator()
        #expect(try await chunks.next() == [1, 2, 3])
        await #expect(throws: TransportError.self) { _ = try await chunks.next() }
    }

    @Test(.timeLimit(.minutes(1))) func `the writer hears of a reader that has gone, once`() async {
        let stream = ByteStream()
        await confirmation { closed in
            stream.onClose { closed() }
            stream.cancel()
            stream.cancel()
            stream.finish()
        }
        #expect(!stream.write([1]))
    }

    @Test(.timeLimit(.minutes(1))) func `a waiting reader ends with its task`() async throws {
        let stream = ByteStream()
        let reading = Task { try await stream.collect() }
        reading.cancel()
        #expect(try await reading.value == [])
    }

    @Test func `paths are the API's`() {
        let pods = ResourcePath(Pod.groupVersionKind, plural: "pods")
        #expect(pods.path(namespace: "default", name: "web", subresource: "status") == "/api/v1/namespaces/default/pods/web/status")
        #expect(pods.path(namespace: nil) == "/api/v1/pods")
        #expect(pods.path(namespace: "a/b", name: "x y") == "/api/v1/namespaces/a%2Fb/pods/x%20y")
        #expect(
            ResourcePath(Lease.groupVersionKind, plural: "leases").path(namespace: "a")
                == "/apis/coordination.k8s.io/v1/namespaces/a/leases")
    }
}
