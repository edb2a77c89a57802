import CRI
import Testing

@testable import ContainerRuntime

@Suite struct SignallingTests {
    @Test func `those who wait are woken once it has happened, and later ones at once`() async {
        let signal = CompletionSignal()
        async let first = signal.wait()
        async let second = signal.wait(timeout: .seconds(60))
        signal.complete()
        #expect(await first)
        #expect(await second)
        #expect(await signal.wait(timeout: .zero))
    }

    @Test(arguments: [Duration.zero, .nanoseconds(1), .milliseconds(5)])
    func `a wait ends with its time`(timeout: Duration) async {
        #expect(await CompletionSignal().wait(timeout: timeout) == false)
    }

    @Test func `a listener that falls behind is told to look at everything`() async {
        let hub = EventHub(capacity: 2)
        var events = hub.subscribe().makeAsyncIterator()
        for number in 0..<5 { hub.send(.started(containerID: "\(number)", sandboxID: "s", podUID: "u")) }
        #expect(await events.next() == .started(containerID: "0", sandboxID: "s", podUID: "u"))
        #expect(await events.next() == .started(containerID: "1", sandboxID: "s", podUID: "u"))
        hub.send(.sandboxChanged(sandboxID: "s", podUID: "u"))
        #expect(await events.next() == .resync)
        #expect(await events.next() == .sandboxChanged(sandboxID: "s", podUID: "u"))
    }

    @Test(arguments: [
        (DNSConfig(), ""),
        (
            {
                var dns = DNSConfig(); dns.servers = ["1.1.1.1", "2.2.2.2"]; dns.searches = ["a", "b"]; dns.options = ["ndots:5"];
                return dns
            }(),
            "search a b\nnameserver 1.1.1.1\nnameserver 2.2.2.2\noptions ndots:5\n"
        ),
    ])
    func `resolv.conf is written as containerd does`(dns: DNSConfig, text: String) {
        #expect(dns.resolvConf == text)
    }
}
