import APIMachinery
import CRI
import KubernetesAPI
import Testing

@testable import Kubelet

struct KubeletRouteTests {
    @Test(arguments: [
        ("GET", "/stats/summary", "get", ["stats"]), ("GET", "/metrics", "get", ["metrics"]),
        ("GET", "/metrics/cadvisor", "get", ["metrics"]),
        ("GET", "/logs/", "get", ["log"]), ("GET", "/logs/pods/x", "get", ["log"]), ("GET", "/containerLogs/ns/p/c", "get", ["proxy"]),
        ("GET", "/pods", "get", ["pods", "proxy"]), ("GET", "/runningpods/", "get", ["pods", "proxy"]),
        ("GET", "/healthz/syncloop", "get", ["healthz", "proxy"]), ("GET", "/configz", "get", ["configz", "proxy"]),
        ("POST", "/exec/ns/p/c", "create", ["proxy"]), ("GET", "/exec/ns/p/c", "get", ["proxy"]),
        ("POST", "/checkpoint/ns/p/c", "create", ["checkpoint"]), ("PUT", "/statsx", "update", ["proxy"]),
        ("BREW", "/pods", "", ["pods", "proxy"]),
    ])
    func `what a request is about`(method: String, path: String, verb: String, subresources: [String]) {
        let attributes = NodeAttributes(method: method, path: path)
        #expect(attributes.verb == verb)
        #expect(attributes.subresources == subresources)
    }

    @Test(
        arguments: [
            ("GET", "/containerLogs/ns/p/c", .containerLog(.init(namespace: "ns", pod: "p", container: "c"))),
            ("POST", "/exec/ns/p/c", .exec(.init(namespace: "ns", pod: "p", container: "c"))),
            ("GET", "/exec/ns/p/uid/c", .exec(.init(namespace: "ns", pod: "p", uid: "uid", container: "c"))),
            ("POST", "/portForward/ns/p", .portForward(namespace: "ns", pod: "p", uid: nil)), ("GET", "/logs/a/b%20c", .logFile("a/b c")),
            ("GET", "/metrics/resource", .metrics(.resource)), ("GET", "/healthz/ping", .health),
            ("GET", "/probes/ns/p", .probes(namespace: "ns", pod: "p")),
        ] as [(String, String, KubeletRoute)])
    func `where a request goes`(method: String, path: String, expected: KubeletRoute) throws {
        #expect(try KubeletRoute(method: method, path: path) == expected)
    }

    @Test(arguments: [
        ("GET", "/", 404), ("GET", "/metrics/nope", 404), ("GET", "/exec/ns/p", 404), ("DELETE", "/pods", 405), ("GET", "/run/ns/p/c", 405),
        ("POST", "/containerLogs/ns/p/c", 405), ("GET", "/healthz/nope", 404),
    ])
    func `where none goes`(method: String, path: String, status: Int) {
        #expect { try KubeletRoute(method: method, path: path) } throws: { ($0 as? KubeletRefusal)?.status == status }
    }

    @Test(arguments: [
        ("running", false, "id1"), ("running", true, "id0"), ("waiting", false, "id0"), ("terminated", false, "id1"),
        ("new", false, "container \"c\" in pod \"p\" is waiting to start: ContainerCreating"),
        ("new", true, "previous terminated container \"c\" in pod \"p\" not found"),
        ("pull", false, "container \"c\" in pod \"p\" is waiting to start: trying and failing to pull image"),
        ("none", false, "container \"c\" in pod \"p\" is not available"),
    ])
    func `which instance's log is meant`(state: String, previous: Bool, expected: String) {
        let pod = makePod("p", containers: ["c"]) { pod in
            guard state != "none" else { return }
            pod.status.containerStatuses = [Self.status(state)]
        }
        var found: String
        do throws(KubeletRefusal) { found = try LogTarget.instance(of: "c", in: pod, previous: previous) } catch { found = error.message }
        #expect(found == expected)
    }

    private static func status(_ state: String) -> APIContainerStatus {
        APIContainerStatus { status in
            status.name = "c"
            let ended = ContainerStateTerminated { $0.containerID = "swiftlet://id0" }
            switch state {
            case "running":
                status.containerID = "swiftlet://id1"
                status.state.running = ContainerStateRunning()
                status.lastState.terminated = ended
            case "waiting":
                status.state.waiting = ContainerStateWaiting { $0.reason = "CrashLoopBackOff" }
                status.lastState.terminated = ended
            case "terminated": status.state.terminated = ContainerStateTerminated { $0.containerID = "swiftlet://id1" }
            case "pull": status.state.waiting = ContainerStateWaiting { $0.reason = "ImagePullBackOff" }
            default: status.state.waiting = ContainerStateWaiting { $0.reason = "ContainerCreating" }
            }
        }
    }

    @Test func `window sizes come one behind the other, and in pieces`() {
        var decoder = TerminalSizeDecoder()
        #expect(decoder.append(Array("{\"Width\":80,\"Height\":24}\n{\"Wid".utf8)) == [TerminalSize(rows: 24, columns: 80)])
        #expect(decoder.append(Array("th\":100,\"Height\":50}\n".utf8)) == [TerminalSize(rows: 50, columns: 100)])
        #expect(decoder.append(Array("{}{\"Width\":-1,\"Height\":1}".utf8)) == [])
    }

    @Test(arguments: [
        (RemoteOutcome.success, #"{"metadata":{},"status":"Success"}"#),
        (
            .exit(3),
            #"{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: command terminated with exit code 3","#
                + #""reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}"#
        ),
    ])
    func `how a command's end is told`(outcome: RemoteOutcome, expected: String) {
        #expect(JSONValue.object(outcome.json).serializedText() == expected)
    }
}
