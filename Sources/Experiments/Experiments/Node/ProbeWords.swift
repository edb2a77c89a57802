internal import KubernetesAPI

/// What a kubelet says of probes that fail: an experiment's answers read like a program's.
enum ProbeWords {
    static func unwell(_ probe: Probe) -> String {
        if probe.httpGet != nil { return "HTTP probe failed with statuscode: 503" }
        if probe.tcpSocket != nil { return "dial tcp: connect: connection refused" }
        if probe.grpc != nil { return "service unhealthy (responded with \"NOT_SERVING\")" }
        return "not well\n"
    }

    static func late(_ probe: Probe, _ timeout: Duration) -> String {
        let limit = ShortTime.text(timeout)
        if let exec = probe.exec {
            return "command timed out: \"\(exec.command.joined(separator: " "))\" timed out after \(limit)"
        }
        if let port = probe.httpGet?.port {
            return "Get \"http://:\(port)/\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        }
        return probe.grpc == nil ? "dial tcp: i/o timeout" : "timeout: health rpc did not complete within \(limit)"
    }
}
