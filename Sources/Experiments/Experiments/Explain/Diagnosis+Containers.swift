internal import APIMachinery
internal import Kubelet
internal import KubernetesAPI

extension Diagnosis {
    /// What holds up the start: the first init container that is not done.
    var initContainers: [Explanation.Finding] {
        let statuses = Dictionary(pod.status.initContainerStatuses.map { ($0.name, $0) }) { first, _ in first }
        for container in pod.spec.initContainers {
            guard let status = statuses[container.name] else { continue }
            let isSidecar = container.restartPolicy == "Always"
            if isSidecar ? status.started == true && status.state.running != nil : status.state.terminated?.exitCode == 0 { continue }
            if let finding = finding(container, status, isInit: !isSidecar) { return [finding] }
            if !isSidecar, status.state.running != nil { return [runs(container, status)] }
        }
        return []
    }

    private func runs(_ container: Container, _ status: ContainerStatus) -> Explanation.Finding {
        var finding = Explanation.Finding(
            "InitContainerRuns", stage(container), "init container \(container.name) is at work, and the others wait for its end")
        finding.since = status.state.running?.startedAt
        finding.isOrdinary = finding.since.map { facts.now - $0 < .seconds(60) } ?? true
        finding.mends =
            finding.isOrdinary ? [] : ["see what it does: kubectl logs \(facts.name) -n \(facts.namespace) -c \(container.name)"]
        return finding
    }

    var containers: [Explanation.Finding] {
        let found = pod.spec.containers.compactMap { container in
            pod.status.containerStatuses.first { $0.name == container.name }.flatMap { finding(container, $0, isInit: false) }
        }
        return found.filter { !$0.isOrdinary } + found.filter(\.isOrdinary)
    }

    func stage(_ container: Container) -> String {
        (pod.spec.initContainers.contains { $0.name == container.name } ? "init " : "container ") + container.name
    }

    /// What is wrong with one container; nil: nothing.
    private func finding(_ container: Container, _ status: ContainerStatus, isInit: Bool) -> Explanation.Finding? {
        if let waiting = status.state.waiting { return self.waiting(container, status, waiting) }
        if let end = status.state.terminated { return ended(container, status, end, isInit: isInit) }
        return isInit ? nil : probes(container, status)
    }

    // MARK: Waiting

    private func waiting(_ container: Container, _ status: ContainerStatus, _ waiting: ContainerStateWaiting) -> Explanation.Finding? {
        let message = waiting.message ?? ""
        switch waiting.reason ?? "" {
        case "ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "ImageInspectError", "ErrImageNeverPull", "InvalidImageName",
            "SignatureValidationFailed":
            return image(container, waiting.reason ?? "", message)
        case "CreateContainerConfigError": return configuration(container, message)
        case "CreateContainerError", "RunContainerError": return start(container, waiting.reason ?? "", message)
        case "PostStartHookError", "PreStartHookError": return hook(container, message)
        case "CrashLoopBackOff": return crashLoop(container, status)
        case "ContainerCreating", "PodInitializing", "": return creating(container)
        default:
            var finding = Explanation.Finding(waiting.reason ?? "", stage(container), "container \(container.name) waits: \(message)")
            finding.evidence = events(container)
            return finding
        }
    }

    private func events(_ container: Container) -> [String] {
        facts.latest(["Failed", "BackOff", "InspectFailed", "ErrImageNeverPull"], container: container.name).map {
            [$0.line(at: facts.now)]
        } ?? []
    }

    private func image(_ container: Container, _ reason: String, _ message: String) -> Explanation.Finding {
        let reference = container.image ?? ""
        var finding = Explanation.Finding(
            reason, stage(container), "container \(container.name): its image \(reference) is not there: \(message)")
        finding.evidence = events(container)
        finding.since = facts.latest(["Pulling", "Failed"], container: container.name).flatMap { $0.firstTimestamp ?? $0.time }
        let wait = facts.steps.last { $0.kind == .pullBackOff && $0.container == container.name }
        if let end = wait?.end, end > facts.now { finding.next = end }
        switch reason {
        case "ErrImageNeverPull":
            finding.mends = ["import the image (swiftlet image import FILE), or set imagePullPolicy: IfNotPresent"]
        case "InvalidImageName":
            finding.mends = ["write it as REGISTRY/NAME:TAG, in small letters"]
        default:
            let pulled = facts.latest(["Failed"], container: container.name, containing: "Failed to pull image")
            let row = PullErrors.explain(message) ?? pulled?.message.flatMap { PullErrors.explain($0) }
            if let row {
                finding.what = "container \(container.name): its image \(reference) can't be had: \(row.what)"
                finding.mends = [row.mend]
                if let pulled { finding.evidence = [pulled.line(at: facts.now)] }
            }
            // The event has the whole message.
            if !message.isEmpty, pulled == nil { finding.evidence.insert("\(reason): \(message)", at: 0) }
        }
        return finding
    }

    private static let configurations = AdviceTable(rows: [
        .init("couldn't find key", what: "MissingKey", mend: "add the key to the object, or mark the reference optional: true"),
        .init(
            "configmap", what: "MissingConfigMap", mend: "make the ConfigMap in the pod's namespace, or mark the reference optional: true"),
        .init("secret", what: "MissingSecret", mend: "make the Secret in the pod's namespace, or mark the reference optional: true"),
        .init(
            "non-root", "runasnonroot", "run as root", what: "RunsAsRoot",
            mend: "set runAsUser to a number other than 0, or build the image with a numeric USER"),
        .init(
            "non-numeric user", what: "NonNumericUser",
            mend: "set runAsUser to the user's number: a name can't be checked against runAsNonRoot"),
        .init(
            "subpath", "missing value", what: "BadSubPath",
            mend: "give subPath a relative path without .., and set every variable that subPathExpr uses"),
        .init("cannot find volume", what: "MissingVolume", mend: "add the volume to spec.volumes"),
        .init("recursive read-only", what: "RecursiveReadOnly", mend: "set readOnly: true on the mount, or drop recursiveReadOnly"),
        .init("fieldpath", what: "BadFieldPath", mend: "use one of the fields that the downward API offers"),
        .init("is not running", what: "TargetNotRunning", mend: "start the target container first"),
    ])

    private func configuration(_ container: Container, _ message: String) -> Explanation.Finding {
        let row = Self.configurations.first(in: message)
        var finding = Explanation.Finding(
            row?.what ?? "CreateContainerConfigError", stage(container), "container \(container.name) can't be set up: \(message)")
        finding.evidence = events(container)
        finding.mends = row.map { [$0.mend] } ?? []
        return finding
    }

    private static let users = AdviceTable(rows: [
        .init(
            "unable to find user", "no such user", "user ", "passwd", what: "UnknownUser",
            mend: "name a user that the image's /etc/passwd has, or a number (runAsUser)")
    ])

    private func start(_ container: Container, _ reason: String, _ message: String) -> Explanation.Finding {
        var finding = Explanation.Finding(reason, stage(container), "container \(container.name) can't be started: \(message)")
        if let row = Self.users.first(in: message) {
            (finding.code, finding.mends) = (row.what, [row.mend])
        } else {
            let advice = StartErrors.explain(message, container)
            if !advice.mends.isEmpty { finding.what = "container \(container.name) can't be started: \(advice.what)" }
            finding.mends = advice.mends
            finding.evidence = ["\(reason): \(message)"]
        }
        finding.evidence += events(container)
        finding.next = facts.steps.last { $0.kind == .backOff && $0.container == container.name }?.end
        return finding
    }

    private func hook(_ container: Container, _ message: String) -> Explanation.Finding {
        var finding = Explanation.Finding(
            "PostStartHookError", stage(container), "container \(container.name) was ended since its postStart hook failed: \(message)")
        finding.evidence = facts.latest(["FailedPostStartHook"], container: container.name).map { [$0.line(at: facts.now)] } ?? []
        finding.mends = ["run the hook's command by hand (swiftlet exec): a hook that fails ends its container each time"]
        return finding
    }

    private func crashLoop(_ container: Container, _ status: ContainerStatus) -> Explanation.Finding {
        let account = exit(of: container, status)
        let wait = facts.steps.last { $0.kind == .backOff && $0.container == container.name }
        var finding = Explanation.Finding(
            "CrashLoopBackOff", stage(container),
            "container \(container.name) has ended \(status.restartCount + 1) times, and waits to be started again; the last time: \(account?.what ?? "nobody knows how")"
        )
        finding.since = account?.finishedAt
        finding.next =
            wait?.end
            ?? account?.finishedAt.flatMap { end in
                Self.delay(in: status.state.waiting?.message ?? "").map { end + $0 }
            }
        finding.evidence = (status.state.waiting?.message).map { [$0] } ?? []
        finding.evidence += account?.evidence ?? []
        finding.mends = account?.mends ?? []
        if account?.exitCode == 0 {
            finding.mends = [
                "a program that ends is started again under restartPolicy \(pod.spec.restartPolicy ?? "Always"): keep it in the foreground, or make it a Job"
            ]
        }
        return finding
    }

    /// Of `back-off 1m20s restarting failed container=…`.
    static func delay(in message: String) -> Duration? {
        guard let word = message.split(separator: " ").dropFirst().first, message.hasPrefix("back-off ") else { return nil }
        var seconds: Int64 = 0
        var number: Int64 = 0
        for character in word {
            switch character {
            case "0"..."9": number = number * 10 + Int64(character.wholeNumberValue ?? 0)
            case "h": (seconds, number) = (seconds + number * 3_600, 0)
            case "m": (seconds, number) = (seconds + number * 60, 0)
            case "s": (seconds, number) = (seconds + number, 0)
            default: return nil
            }
        }
        return .seconds(seconds)
    }

    private func creating(_ container: Container) -> Explanation.Finding? {
        let open = facts.steps.last { $0.end == nil && $0.kind != .run }
        if let open, open.container == container.name || open.container.isEmpty {
            return slow(open, "InProgress", stage(container), "container \(container.name): \(open.kind.rawValue) goes on: \(open.detail)")
        }
        if let pulling = facts.latest(["Pulling"], container: container.name), facts.latest(["Pulled"], container: container.name) == nil {
            var finding = Explanation.Finding("Pulling", stage(container), "container \(container.name): its image is being pulled")
            finding.since = pulling.time
            finding.isOrdinary = true
            return finding
        }
        var finding = Explanation.Finding("ContainerCreating", stage(container), "container \(container.name) has not been made yet")
        finding.since = pod.status.startTime
        finding.isOrdinary = pod.status.startTime.map { facts.now - $0 < .seconds(30) } ?? true
        return finding
    }

    // MARK: Ended

    private func ended(
        _ container: Container, _ status: ContainerStatus, _ end: ContainerStateTerminated, isInit: Bool
    ) -> Explanation.Finding? {
        let account = exit(of: container, status)
        let policy = pod.spec.restartPolicy ?? "Always"
        if end.exitCode == 0, policy != "Always" || isInit { return nil }
        var finding = Explanation.Finding(
            end.reason ?? "Error", stage(container), "container \(container.name): \(account?.what ?? "it has ended")")
        finding.since = end.finishedAt
        finding.evidence = account?.evidence ?? []
        finding.mends = account?.mends ?? []
        if policy == "Never" { finding.evidence.append("restartPolicy Never: it is not started again") }
        finding.next = facts.steps.last { $0.kind == .backOff && $0.container == container.name && ($0.end ?? $0.begin) > facts.now }?.end
        return finding
    }
}
