internal import APIMachinery
internal import Kubelet
internal import KubernetesAPI

/// Who ended a container, from its exit code and from what the node agent did at that time.
struct ExitAnalysis {
    let facts: PodFacts
    let pod: Pod
    let container: Container
    let end: ContainerStateTerminated
    let attempt: Int

    var account: ExitAccount {
        var account = ExitAccount(
            container: container.name, attempt: attempt, exitCode: end.exitCode, killer: .itself, what: "", finishedAt: end.finishedAt,
            evidence: [], mends: [])
        judge(&account)
        if let message = end.message, !message.isEmpty { account.evidence.append("its last words: \(message)") }
        return account
    }

    private func judge(_ account: inout ExitAccount) {
        switch end.reason {
        case "OOMKilled": outOfMemory(&account)
        case "StartError", "ContainerCannotRun": neverStarted(&account)
        case "ContainerStatusUnknown": unknown(&account)
        default:
            if let stop { return stopped(stop, &account) }
            if let signal { return killed(by: signal, &account) }
            exited(&account)
        }
    }

    // MARK: What else happened then

    /// How the node agent's own stop of the container went.
    private struct Stop {
        var why: String
        var line: String
        /// From the signal to the end; nil: not known exactly.
        var took: Duration?
        var isKill: Bool
    }

    private static let slack = Duration.seconds(2)

    private var stop: Stop? { stepOfStop ?? eventOfStop }

    private var stepOfStop: Stop? {
        guard let finished = end.finishedAt else { return nil }
        let step = facts.steps.last { step in
            guard step.kind == .stop, step.container == container.name else { return false }
            return step.begin <= finished + .seconds(1) && (step.end ?? facts.now) + .seconds(1) >= finished
        }
        guard let step else { return nil }
        let took = runStep?.end.map { $0 - step.begin }
        let line = "the node agent stopped it at \(step.begin.formatted(fractionDigits: 3)): \(step.detail)"
        return Stop(why: step.detail, line: line, took: took, isKill: end.exitCode == 137)
    }

    private var eventOfStop: Stop? {
        guard facts.steps.isEmpty, let finished = end.finishedAt, let event = facts.latest(["Killing"], container: container.name),
            let time = event.time
        else { return nil }
        let grace = Duration.seconds(pod.spec.terminationGracePeriodSeconds ?? 30)
        guard time <= finished + Self.slack, time + grace + Self.slack * 2 >= finished else { return nil }
        return Stop(why: event.message ?? "", line: event.line(at: facts.now), took: nil, isKill: end.exitCode == 137)
    }

    private var runStep: PodStep? { facts.steps.last { $0.kind == .run && $0.container == container.name && $0.attempt == attempt } }

    /// What ended the process, as far as that is known: an exit code above 128 may also be a shell's word for what its child died of.
    private var signal: Int32? {
        if let detail = runStep?.detail, runStep?.end != nil {
            guard let range = detail.split(separator: ", ").first(where: { $0.hasPrefix("signal ") }) else { return nil }
            return Int32(range.dropFirst("signal ".count))
        }
        return (129...192).contains(end.exitCode) ? end.exitCode - 128 : nil
    }

    // MARK: Verdicts

    private func outOfMemory(_ account: inout ExitAccount) {
        account.killer = .outOfMemory
        let limit = container.resources.limits["memory"].map(\.description)
        account.what = "killed by the kernel for want of memory" + (limit.map { ": its limit is \($0)" } ?? "")
        account.evidence.append(
            "its memory cgroup counted an out-of-memory kill (memory.events, oom_kill), and its exit code is \(end.exitCode)")
        if let started = end.startedAt, let finished = end.finishedAt {
            account.evidence.append("it had run for \(ShortTime.text(finished - started))")
        }
        account.mends.append(
            limit == nil
                ? "the pod's or the node's memory ran out: set resources.limits.memory of the pod's containers, or use less"
                : "raise resources.limits.memory of container \(container.name), or make the program use less (heap sizes must leave room below the limit)"
        )
    }

    private func neverStarted(_ account: inout ExitAccount) {
        account.killer = .neverStarted
        let message = end.message ?? ""
        account.what = "never started"
        let finding = StartErrors.explain(message, container)
        account.what += ": \(finding.what)"
        account.mends = finding.mends
    }

    private func unknown(_ account: inout ExitAccount) {
        account.killer = .unknown
        account.what = "nobody saw how it ended: its supervisor or its node went away with it"
        account.mends.append("look at the node's log around that time: the machine may have restarted, or the supervisor have been killed")
    }

    private func stopped(_ stop: Stop, _ account: inout ExitAccount) {
        account.evidence.append(stop.line)
        let why = reason(for: stop, &account)
        guard stop.isKill else {
            account.what = "ended by the node agent, \(why); it went within its time, with exit code \(end.exitCode)"
            return
        }
        let grace = pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30
        if account.killer == .stop { account.killer = .graceExceeded }
        account.what = "killed by the node agent, \(why): it was still there when its time to end had run out"
        if let took = stop.took { account.evidence.append("it lived \(ShortTime.text(took)) beyond the stop signal") }
        account.mends.append(
            "let it end on SIGTERM (a shell as process 1 does not pass that on: use exec), or give it more than terminationGracePeriodSeconds: \(grace)"
        )
    }

    private func reason(for stop: Stop, _ account: inout ExitAccount) -> String {
        for kind in ["liveness", "startup"] where stop.why.contains("failed \(kind) probe") {
            account.killer = .probe
            if let event = facts.latest(["Unhealthy"], container: container.name, containing: "\(kind.capitalizedFirst) probe") {
                account.evidence.append(event.line(at: facts.now))
            }
            account.mends.append(
                kind == "liveness"
                    ? "see why the check fails or is late; a timeoutSeconds of 1 is short for a busy machine"
                    : "give the start more time: failureThreshold × periodSeconds of the startup probe")
            return "because its \(kind) probe failed"
        }
        if stop.why.contains("FailedPostStartHook") {
            account.killer = .hook
            if let event = facts.latest(["FailedPostStartHook"], container: container.name) {
                account.evidence.append(event.line(at: facts.now))
            }
            return "because its postStart hook failed"
        }
        account.killer = .stop
        if pod.metadata.deletionTimestamp != nil { return "since the pod is being deleted" }
        return "since the pod was to end"
    }

    private func killed(by signal: Int32, _ account: inout ExitAccount) {
        let name = SignalName.text(signal)
        let isCertain = runStep?.end != nil
        if isCertain { account.evidence.append("its exit record: \(runStep?.detail ?? "")") }
        if let crash = SignalName.crash(signal) {
            account.killer = .crash
            account.what = "crashed with \(name): \(crash.what)"
            account.mends.append(crash.mend)
            return
        }
        account.killer = .signal
        account.what = "ended by \(name), which the node agent did not send"
        if signal == 9 {
            account.evidence.append("its memory cgroup counted no out-of-memory kill, and no stop by the node agent is known from then")
            account.mends.append(
                "look who sends it: a process of the container, an administrator, or the kernel for want of memory on the whole machine (dmesg)"
            )
        } else {
            account.mends.append("a process of the container or an administrator sent it; the program may also have raised it itself")
        }
    }

    private func exited(_ account: inout ExitAccount) {
        account.killer = .itself
        switch end.exitCode {
        case 0:
            account.what = "ended by itself, with exit code 0"
        case 126:
            account.what = "exit code 126: its shell found a command that it may not execute"
            account.mends.append("check the file's mode (chmod +x), its #! line, and whether its volume is mounted noexec")
        case 127:
            account.what = "exit code 127: its shell did not find a command"
            account.mends.append("check the command's spelling, PATH, and whether the image has it: swiftlet exec, or kubectl debug")
        case 129...192:
            account.what =
                "exit code \(end.exitCode): by itself, most likely a shell's word for a child that \(SignalName.text(end.exitCode - 128)) ended"
            account.mends.append("look at its log for what the child said")
        default:
            account.what = "ended by itself, with exit code \(end.exitCode)"
            account.mends.append(
                "its log says more: kubectl logs \(facts.name) -n \(facts.namespace) -c \(container.name)"
                    + (pod.spec.restartPolicy == "Never" ? "" : " --previous"))
        }
    }
}

extension String {
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
