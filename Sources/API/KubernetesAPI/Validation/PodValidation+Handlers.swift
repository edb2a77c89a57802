internal import APIMachinery

/// Probes and lifecycle hooks.
extension Validator {
    mutating func probes(_ container: Container, _ pod: PodContext, _ path: FieldPath) {
        // Of init containers without restartPolicy Always every probe is refused elsewhere.
        probe(container.livenessProbe, pod, path.child("livenessProbe"), isReadiness: false)
        probe(container.readinessProbe, pod, path.child("readinessProbe"), isReadiness: true)
        probe(container.startupProbe, pod, path.child("startupProbe"), isReadiness: false)
    }

    private mutating func probe(_ probe: Probe?, _ pod: PodContext, _ path: FieldPath, isReadiness: Bool) {
        guard let probe else { return }
        handler(
            [
                ("exec", probe.exec.map { .exec($0) }), ("httpGet", probe.httpGet.map { .httpGet($0) }),
                ("tcpSocket", probe.tcpSocket.map { .tcpSocket($0) }), ("grpc", probe.grpc.map { .grpc($0) }),
            ], pod, path)
        for (field, value) in [
            ("initialDelaySeconds", probe.initialDelaySeconds), ("timeoutSeconds", probe.timeoutSeconds),
            ("periodSeconds", probe.periodSeconds), ("successThreshold", probe.successThreshold),
            ("failureThreshold", probe.failureThreshold),
        ] {
            nonNegative(value.map(Int64.init), path.child(field))
        }
        probeGracePeriod(probe, path, isReadiness: isReadiness)
        if !isReadiness, let threshold = probe.successThreshold, threshold != 1 {
            report(.invalid(path.child("successThreshold"), .integer(Int64(threshold)), "must be 1"))
        }
    }

    private mutating func probeGracePeriod(_ probe: Probe, _ path: FieldPath, isReadiness: Bool) {
        guard let seconds = probe.terminationGracePeriodSeconds else { return }
        let path = path.child("terminationGracePeriodSeconds")
        if seconds <= 0 { report(.invalid(path, .integer(seconds), Self.isNotPositive)) }
        if isReadiness { report(.invalid(path, .integer(seconds), "must not be set for readinessProbes")) }
    }

    mutating func lifecycle(_ lifecycle: Lifecycle?, _ pod: PodContext, _ path: FieldPath) {
        guard let lifecycle else { return }
        for (field, hook) in [("postStart", lifecycle.postStart), ("preStop", lifecycle.preStop)] {
            guard let hook else { continue }
            handler(
                [
                    ("exec", hook.exec.map { .exec($0) }), ("httpGet", hook.httpGet.map { .httpGet($0) }),
                    ("tcpSocket", hook.tcpSocket.map { .tcpSocket($0) }), ("sleep", hook.sleep.map { .sleep($0) }),
                ], pod, path.child(field))
        }
    }

    private enum Handler {
        case exec(ExecAction), httpGet(HTTPGetAction), tcpSocket(TCPSocketAction), grpc(GRPCAction), sleep(SleepAction)
    }

    /// Exactly one of the handlers has to be set.
    private mutating func handler(_ candidates: [(String, Handler?)], _ pod: PodContext, _ path: FieldPath) {
        let handlers = candidates.compactMap { name, handler in handler.map { (name, $0) } }
        if handlers.isEmpty { report(.required(path, "must specify a handler type")) }
        for (index, (name, handler)) in handlers.enumerated() {
            if index > 0 {
                report(.forbidden(path.child(name), "may not specify more than 1 handler type"))
            } else {
                self.handler(handler, pod, path.child(name))
            }
        }
    }

    private mutating func handler(_ handler: Handler, _ pod: PodContext, _ path: FieldPath) {
        switch handler {
        case .exec(let action):
            if action.command.isEmpty { report(.required(path.child("command"))) }
        case .httpGet(let action): httpGet(action, path)
        case .tcpSocket(let action): port(action.port, path.child("port"))
        case .grpc(let action):
            invalid(path.child("port"), Int64(action.port), NameValidation.portNumber(Int(action.port)))
        case .sleep(let action):
            // The grace period bounds it, since the container is killed when that is over.
            if action.seconds < 0 || action.seconds > pod.gracePeriodSeconds {
                report(
                    .invalid(
                        path, .integer(action.seconds),
                        "must be non-negative and less than terminationGracePeriodSeconds (\(pod.gracePeriodSeconds))"))
            }
        }
    }

    private mutating func httpGet(_ action: HTTPGetAction, _ path: FieldPath) {
        _ = require(action.path, path.child("path"))
        port(action.port, path.child("port"))
        oneOf(action.scheme, ["HTTP", "HTTPS"], path.child("scheme"))
        for (index, header) in action.httpHeaders.enumerated() {
            invalid(
                path.child("httpHeaders").index(index).child("name"), header.name,
                NameValidation.httpHeaderName(header.name))
        }
    }

    /// A number, or the name of one of the container's ports.
    private mutating func port(_ port: IntOrString, _ path: FieldPath) {
        switch port {
        case .int(let number): invalid(path, Int64(number), NameValidation.portNumber(Int(number)))
        case .string(let name): invalid(path, name, NameValidation.portName(name))
        }
    }
}
