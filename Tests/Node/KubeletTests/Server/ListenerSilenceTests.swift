import Testing

@testable import Kubelet

/// Which clients of exec and attach are given time before the first output, and which are not.
struct ListenerSilenceTests {
    @Test(arguments: [
        ("kubectl/v1.30.13 (linux/amd64) kubernetes/50af91c", 20), ("kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0", 20),
        ("kubectl/v1.34.0 (linux/amd64) kubernetes/0000000", 0), ("kubectl/v2.0.0 (linux/amd64) kubernetes/0000000", 20),
        ("manager/v0.0.0 (linux/arm64) kubernetes/$Format", 20), ("k9s/v0.32 (darwin/arm64) kubernetes/abc", 20),
        ("OpenAPI-Generator/31.0.0/python", 0), ("", 0), ("kubernetes/1", 20), ("curl/8.0", 0),
    ])
    func `clients of client-go that may not listen yet get 20 ms`(userAgent: String, milliseconds: Int) {
        #expect(WebSocketRemoteCommand.silence(userAgent: userAgent) == .milliseconds(milliseconds))
    }
}
