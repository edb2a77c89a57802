import ArgumentParser
internal import APIMachinery
internal import Glibc
internal import KubernetesAPI

/// How a run went.
struct RunReport {
    enum Format: String, CaseIterable, ExpressibleByArgument { case text, json, junit }
    enum Ending { case allOver, timeout(Duration), signal(CInt), trouble(String) }

    /// In the manifest's order, with their last statuses.
    var pods: [Pod]
    var endedBy = Ending.allOver

    /// The first failing container's, in the manifest's order; 1 for a failure without one.
    var exitCode: Int32 {
        switch endedBy {
        case .timeout, .trouble: return 1
        case .signal(let number): return 128 + number
        case .allOver: break
        }
        for pod in pods where pod.status.phase != "Succeeded" {
            let sidecars = Set(pod.sidecars.map(\.name))
            let statuses = pod.status.initContainerStatuses + pod.status.containerStatuses
            // Not the order of the statuses, which is by name.
            let names = (pod.spec.initContainers + pod.spec.containers).map(\.name).filter { !sidecars.contains($0) }
            let codes = names.compactMap { name in statuses.first { $0.name == name }?.state.terminated?.exitCode }.filter { $0 != 0 }
            return codes.first ?? 1
        }
        return 0
    }

    /// What a person should know beside the logs, a line each.
    var problems: [String] {
        var lines: [String] = []
        switch endedBy {
        case .timeout(let limit): lines.append("timed out after \(limit.components.seconds)s: the pods were ended")
        case .signal(let number): lines.append("signal \(number): the pods were ended")
        case .trouble(let reason): lines.append(reason)
        case .allOver: break
        }
        for pod in pods {
            if let reason = pod.status.reason { lines.append("pod \(pod.name): \(reason): \(pod.status.message ?? "")") }
            let sidecars = Set(pod.sidecars.map(\.name))  // ended because the others had
            for status in pod.status.initContainerStatuses + pod.status.containerStatuses where !sidecars.contains(status.name) {
                guard let end = status.state.terminated, end.exitCode != 0 else { continue }
                let message = end.message.map { ": \($0)" } ?? ""
                lines.append("container \(status.name) of pod \(pod.name): \(end.reason ?? "Error"), exit code \(end.exitCode)\(message)")
            }
        }
        return lines
    }

    func text(_ format: Format) -> String {
        switch format {
        case .text: ""
        case .json: json.serializedText(.pretty)
        case .junit: junit
        }
    }

    private var json: JSONValue {
        var object = JSONObject()
        object["exitCode"] = .integer(Int64(exitCode))
        if case .timeout = endedBy { object["timedOut"] = true }
        if case .trouble(let reason) = endedBy { object["problem"] = .string(reason) }
        object["pods"] = .array(pods.map { .object(PodSummary.json(of: $0)) })
        return .object(object)
    }

    /// A test suite for each pod, a test case for each container (the JUnit XML that CI systems read).
    private var junit: String {
        var lines = ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<testsuites>"]
        for pod in pods {
            let statuses = pod.status.initContainerStatuses + pod.status.containerStatuses
            let sidecars = Set(pod.sidecars.map(\.name))
            let cases = statuses.map { junitCase($0, of: pod, isSidecar: sidecars.contains($0.name)) }
            let failures = cases.filter(\.hasFailed).count
            lines.append("  <testsuite name=\"\(escaped(pod.name))\" tests=\"\(cases.count)\" failures=\"\(failures)\">")
            lines += cases.map(\.text)
            lines.append("  </testsuite>")
        }
        return (lines + ["</testsuites>"]).joined(separator: "\n")
    }

    private func junitCase(_ status: ContainerStatus, of pod: Pod, isSidecar: Bool) -> (text: String, hasFailed: Bool) {
        let end = status.state.terminated
        var seconds = 0.0
        if let start = end?.startedAt, let finish = end?.finishedAt { seconds = (finish - start) / .seconds(1) }
        let head = "    <testcase classname=\"\(escaped(pod.name))\" name=\"\(escaped(status.name))\" time=\"\(seconds)\""
        if isSidecar || end?.exitCode == 0 { return (head + "/>", false) }
        let what = end.map { "\($0.reason ?? "Error"), exit code \($0.exitCode)" } ?? status.state.waiting?.reason ?? "did not end"
        let detail = end?.message ?? status.state.waiting?.message ?? ""
        return (head + ">\n      <failure message=\"\(escaped(what))\">\(escaped(detail))</failure>\n    </testcase>", true)
    }

    /// XML has no place for most control characters, not even escaped.
    private func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20: result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
