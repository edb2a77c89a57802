internal import APIMachinery
internal import FaultInjection
internal import Kubelet
internal import KubernetesAPI

extension ExperimentReader {
    private static let fields = [
        "at", "after", "on", "before", "do", "pod", "container", "code", "signal", "grace", "for", "takes", "message", "times", "high",
        "max",
        "percent", "read", "write", "volume", "delay", "jitter", "loss", "rate", "partition",
    ]
    /// Faults that both kinds of run can make, those of one, and those that neither can, with the reason.
    private static let common = [
        "kill", "oom", "signal", "delete", "unhealthy", "slow", "image", "exec", "supervisor", "daemon", "node", "fail", "wait",
    ]
    private static let simulatedOnly = ["exit"]
    private static let realOnly = ["freeze", "thaw", "memory", "cpu", "disk", "full", "network", "dns"]
    private static let impossible = [
        "api": "the pods of an experiment come from its file, and no API server is asked",
        "clock": "a time namespace is entered before a program starts, and a supervisor has no step for that",
    ]

    private var faults: [String] { Self.common + (mode == .simulated ? Self.simulatedOnly : Self.realOnly) }

    /// YAML 1.1 reads the key `on` as the word for true.
    private static func withWords(_ fields: ExperimentFields) -> ExperimentFields {
        guard let object = fields.json.objectValue, object["true"] != nil else { return fields }
        let members = object.members.map { JSONObject.Member(key: $0.key == "true" ? "on" : $0.key, value: $0.value) }
        return ExperimentFields(json: .object(JSONObject(members: members)), path: fields.path)
    }

    mutating func step(_ given: ExperimentFields, _ known: KnownNames) -> Experiment.Step? {
        let fields = Self.withWords(given)
        problems.checkFields(fields, Self.fields)
        guard fields.json.objectValue != nil else { return nil }
        let pod = pod(fields, known)
        let trigger = trigger(fields)
        guard let name = problems.text(fields, "do") else {
            problems.add(fields.child("do"), "is missing: one of \(faults.joined(separator: ", "))")
            return nil
        }
        guard let fault = fault(name, fields), let trigger else { return nil }
        check(fault, trigger, fields, known.specs[pod])
        var container = ""
        if case .onProbe = trigger.trigger {
            container = self.container(fields, "container", pod, known)
        } else if let named = trigger.container {
            container = named
            if known.containers[pod]?.contains(named) == false {
                problems.add(fields.child("before"), "there is no container \"\(named)\" in pod \(pod)")
            }
        } else if fault.needsContainer || fields.json["container"] != nil {
            container = self.container(fields, "container", pod, known)
        }
        return Experiment.Step(trigger: trigger.trigger, fault: fault, pod: pod, container: container, text: name)
    }

    // MARK: When

    private typealias FoundTrigger = (trigger: Experiment.Step.Trigger, container: String?)
    private static let triggers = "at: 30s, after: CONTAINER started + 2s, on: 3rd liveness probe, or before: sandbox"

    private mutating func trigger(_ fields: ExperimentFields) -> FoundTrigger? {
        let given = ["at", "after", "on", "before"].filter { fields.json[$0] != nil }
        guard given.count == 1, let name = given.first else {
            problems.add(fields.path, "needs one of \(Self.triggers)")
            return nil
        }
        if name == "at" { return problems.span(fields, "at").map { (.at($0), nil) } }
        guard let text = problems.text(fields, name) else { return nil }
        switch name {
        case "after": return after(text, fields)
        case "on": return on(text, fields)
        default: return before(text, fields)
        }
    }

    private mutating func after(_ text: String, _ fields: ExperimentFields) -> FoundTrigger? {
        let parts = text.split(separator: "+").map { String($0).trimmed }
        // Steps read well with the word before the name: `container web started`.
        let words = parts.first?.hasPrefix("container ") == true ? String(parts[0].dropFirst(10)) : parts.first ?? ""
        guard let pattern = problems.happening(words, fields.child("after")) else { return nil }
        guard parts.count > 1 else { return (.after(pattern, .zero), nil) }
        guard parts.count == 2, let span = SpanText.parse(parts[1]) else {
            problems.add(fields.child("after"), "\"\(text)\": behind + a span of time is needed, such as 2s")
            return nil
        }
        return (.after(pattern, span), nil)
    }

    /// `3rd liveness probe`
    private mutating func on(_ text: String, _ fields: ExperimentFields) -> FoundTrigger? {
        let words = text.split(separator: " ").map(String.init)
        let digits = words.first?.prefix { $0.isNumber } ?? ""
        guard words.count == 3, words[2] == "probe", let number = Int(digits), number > 0, let kind = ProbeKind(rawValue: words[1]),
            ["st", "nd", "rd", "th"].contains(words[0].dropFirst(digits.count))
        else {
            problems.add(fields.child("on"), "\"\(text)\" names no attempt of a probe: write 1st startup probe, 3rd liveness probe, …")
            return nil
        }
        return (.onProbe(kind, number: number), nil)
    }

    /// `sandbox`, `sandbox network`, `start app`
    private mutating func before(_ text: String, _ fields: ExperimentFields) -> FoundTrigger? {
        let words = text.split(separator: " ").map(String.init)
        let times = problems.integer(fields, "times", in: 1...1_000_000).map { Int($0) } ?? 1
        guard let point = words.first.flatMap({ LifecyclePoint(rawValue: $0) }), words.count <= 2 else {
            let points = LifecyclePoint.allCases.map(\.rawValue).joined(separator: ", ")
            problems.add(
                fields.child("before"),
                "\"\(text)\" is no point of a pod's life: must be one of \(points), with a container's name behind all but the first")
            return nil
        }
        // The network is the first thing that is made for a sandbox.
        if point == .sandbox { return (.before(point, times: times), nil) }
        return (.before(point, times: times), words.count == 2 ? words[1] : nil)
    }

    // MARK: What

    private mutating func fault(_ name: String, _ fields: ExperimentFields) -> Experiment.Fault? {
        let place = fields.child("do")
        if let reason = Self.impossible[name] {
            problems.add(place, "\"\(name)\" can't be done here: \(reason)")
            return nil
        }
        if mode == .simulated, Self.realOnly.contains(name) {
            problems.add(
                place, "\"\(name)\" needs a real kernel or network, and can't be simulated: here are \(faults.joined(separator: ", "))")
            return nil
        }
        if mode == .real, Self.simulatedOnly.contains(name) {
            problems.add(place, "\"\(name)\" can only be simulated, since a real program chooses its own code: kill and signal end it")
            return nil
        }
        guard faults.contains(name) else {
            problems.add(place, "\"\(name)\" is no fault: must be one of \(faults.joined(separator: ", "))")
            return nil
        }
        return commonFault(name, fields) ?? kernelFault(name, fields)
    }

    private static let forEver = Duration.seconds(1 << 40)

    private mutating func commonFault(_ name: String, _ fields: ExperimentFields) -> Experiment.Fault? {
        let duration = problems.span(fields, "for")
        switch name {
        case "kill": return .signal(9)
        case "oom": return .outOfMemory
        case "signal": return .signal(Int32(problems.integer(fields, "signal", in: 1...64) ?? 15))
        case "exit": return .exit(code: Int32(problems.integer(fields, "code", in: 0...255) ?? 0))
        case "delete": return .delete(graceSeconds: problems.integer(fields, "grace", in: 0...86_400))
        case "unhealthy": return .health(.sick, duration ?? Self.forEver)
        case "slow": return .health(.slow(problems.span(fields, "takes") ?? .seconds(5)), duration ?? Self.forEver)
        case "image": return .imageMissing(duration ?? Self.forEver)
        case "exec": return .execFails(duration ?? Self.forEver)
        case "supervisor": return .supervisor
        case "daemon": return .daemon(duration ?? .zero)
        case "node": return .node(duration ?? .zero)
        case "fail": return .fail(problems.text(fields, "message") ?? "failed by the experiment")
        case "wait": return .wait(problems.span(fields, "takes") ?? .seconds(1))
        default: return nil
        }
    }

    private mutating func kernelFault(_ name: String, _ fields: ExperimentFields) -> Experiment.Fault? {
        let duration = problems.span(fields, "for")
        switch name {
        case "thaw": return .thaw
        case "freeze": return .kernel(.freeze, duration)
        case "memory": return .kernel(.memory(highBytes: bytes(fields, "high"), maxBytes: bytes(fields, "max")), duration)
        case "cpu": return .kernel(.cpu(percent: UInt32(problems.integer(fields, "percent", in: 1...10_000) ?? 5)), duration)
        case "disk":
            return .kernel(.disk(readBytesPerSecond: bytes(fields, "read"), writeBytesPerSecond: bytes(fields, "write")), duration)
        case "full": return .kernel(.full(volume: problems.text(fields, "volume") ?? ""), duration)
        case "dns": return .kernel(.dns, duration)
        default: return .kernel(.network(network(fields)), duration)
        }
    }

    private mutating func network(_ fields: ExperimentFields) -> NetworkFault {
        var fault = NetworkFault(
            delay: problems.span(fields, "delay") ?? .zero, jitter: problems.span(fields, "jitter") ?? .zero,
            bytesPerSecond: bytes(fields, "rate"),
            isPartition: problems.flag(fields, "partition"))
        if let text = problems.text(fields, "loss") {
            let percent = text.hasSuffix("%") ? Double(text.dropLast()) : nil
            if let percent, (0...100).contains(percent) {
                fault.loss = percent / 100
            } else {
                problems.add(fields.child("loss"), "\"\(text)\" must be 0% to 100%")
            }
        }
        if fault == NetworkFault() { problems.add(fields.path, "network needs one of delay, jitter, loss, rate, partition: true") }
        return fault
    }

    /// A quantity such as `32Mi`.
    private mutating func bytes(_ fields: ExperimentFields, _ name: String) -> UInt64? {
        guard let text = problems.text(fields, name) else { return nil }
        guard let quantity = try? Quantity(parsing: text), quantity.value > 0 else {
            problems.add(fields.child(name), "\"\(text)\" is no number of bytes: write it as 32Mi")
            return nil
        }
        return UInt64(quantity.value)
    }

    // MARK: What can't be so

    private mutating func check(_ fault: Experiment.Fault, _ trigger: FoundTrigger, _ fields: ExperimentFields, _ spec: PodSpec?) {
        var isBefore = false
        if case .before = trigger.trigger { isBefore = true }
        switch fault {
        case .fail, .wait:
            if !isBefore { problems.add(fields.child("do"), "only goes with before: what was about to be done fails, or has to wait") }
        case .kernel(.memory(nil, nil), _): problems.add(fields.path, "memory needs high or max, such as max: 16Mi")
        case .kernel(.disk(nil, nil), _): problems.add(fields.path, "disk needs read or write, in bytes a second, such as write: 1Mi")
        case .kernel(.full(let volume), _):
            let found = spec?.volumes.first { $0.name == volume }
            if found?.emptyDir?.medium != "Memory" {
                problems.add(
                    fields.child("volume"),
                    "\"\(volume)\" is no emptyDir with medium: Memory of the pod, and no other volume has a size to take away")
            }
        case .kernel(.network, _), .kernel(.dns, _):
            if spec?.hostNetwork == true { problems.add(fields.child("do"), "the pod has the machine's own network: that stays untouched") }
        default: break
        }
    }
}
