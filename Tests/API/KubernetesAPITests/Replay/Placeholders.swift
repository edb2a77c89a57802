import APIMachinery

@testable import KubernetesAPI

/// What differs from run to run stands in the recordings as `<uid>`, `<time>`, `<age>`, `<rv>`.
enum Placeholders {
    static func withoutUID(_ value: JSONValue) -> JSONValue {
        (try? JSONValue(parsing: value.serializedText(.compact).replacing(ReplayServer.uid, with: "<uid>"))) ?? value
    }

    /// Cells are equal, or a placeholder stands for the text.
    static func match(_ cells: JSONValue, _ wanted: JSONValue) -> Bool {
        guard let left = cells.arrayValue, let right = wanted.arrayValue, left.count == right.count else { return false }
        return zip(left, right).allSatisfy { got, want in
            guard case .string(let text) = got, case .string(let pattern) = want else { return got == want }
            for mark in ["<age>", "<time>", "<user>"] {
                guard let range = pattern.firstRange(of: mark) else { continue }
                return text.hasPrefix(pattern[..<range.lowerBound]) && text.hasSuffix(pattern[range.upperBound...])
                    && !text.contains("<")
                    || mark == "<user>"
            }
            return text == pattern
        }
    }

    /// Numbers behind "and" were taken for resource versions when the answers were recorded.
    static func same(_ got: String, _ want: String) -> Bool {
        if got == want { return true }
        let (got, want) = (withoutLineNumbers(got), withoutLineNumbers(want))
        if got == want { return true }
        guard want.contains("<rv>") || want.contains("<rand>") else { return false }
        var (left, right) = (got[...], want[...])
        while let range = right.firstRange(of: "<r") {
            let head = right[..<range.lowerBound]
            guard left.hasPrefix(head) else { return false }
            left = left.dropFirst(head.count).drop { $0.isNumber || $0.isLetter }
            right = right[range.upperBound...].drop { $0 != ">" }.dropFirst()
        }
        return left == right
    }

    /// Differences between objects are shown with the numbers of lines, which depend on what admission put in.
    private static func withoutLineNumbers(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("@@") }.joined(separator: "\n")
    }

    /// Without what admission, the allocators and the store put into an object.
    static func withoutOthersWork(_ object: JSONObject?) -> JSONObject {
        guard let object else { return JSONObject() }
        let text = JSONValue.object(object).serializedText(.compact).replacing(ReplayServer.uid, with: "<uid>")
        return stripped((try? JSONValue(parsing: text))?.objectValue ?? object)
    }

    private static func stripped(_ original: JSONObject) -> JSONObject {
        var object = original
        object.change("metadata") { metadata in
            for member in ["uid", "resourceVersion", "creationTimestamp", "managedFields", "name"] { metadata[member] = nil }
            if (metadata["finalizers"]?.arrayValue ?? []).allSatisfy({ $0.stringValue?.hasSuffix("-protection") == true }) {
                metadata["finalizers"] = nil
            }
            metadata.change("labels") { labels in
                if labels["kubernetes.io/metadata.name"]?.stringValue?.hasPrefix("rec-gen") == true {
                    labels["kubernetes.io/metadata.name"] = nil
                }
            }
        }
        let kind = object["kind"]?.stringValue ?? ""
        object.change("status") { status in status["lastPhaseTransitionTime"] = nil }
        object.change("spec") { spec in dropFromSpec(&spec, kind) }
        return object
    }

    private static func dropFromSpec(_ spec: inout JSONObject, _ kind: String) {
        switch kind {
        case "Pod":
            for member in ["tolerations", "priority", "preemptionPolicy", "serviceAccount", "serviceAccountName"] { spec[member] = nil }
            spec["volumes"] = withoutToken(spec["volumes"], "name")
            for list in ["containers", "initContainers"] {
                spec.changeEach(list) { $0["volumeMounts"] = withoutToken($0["volumeMounts"], "name") }
            }
        case "Service":
            for member in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"] { spec[member] = nil }
            spec.changeEach("ports") { $0["nodePort"] = nil }
        case "Node": spec["taints"] = nil
        case "CertificateSigningRequest": for member in ["username", "uid", "groups", "request", "extra"] { spec[member] = nil }
        default: break
        }
    }

    private static func withoutToken(_ list: JSONValue?, _ key: String) -> JSONValue? {
        let rest = (list?.arrayValue ?? []).filter { !($0[key]?.stringValue ?? "").hasPrefix("kube-api-access-") }
        return rest.isEmpty ? nil : .array(rest)
    }

    /// Whether strategies decide the answer: no admission, authorization, allocation, patches that fail by themselves.
    static func isStrategysBusiness(_ exchange: RecordedFile.Exchange, _ route: ReplayServer.Route) -> Bool {
        guard !route.resource.kind.kind.hasSuffix("AccessReview"),
            exchange.code == 201 || exchange.code == 200 || exchange.code == 422 || exchange.code == 400
        else { return false }
        let message = exchange.answer?["message"]?.stringValue ?? ""
        if exchange.method == "DELETE" || exchange.contentType.contains("apply") { return false }
        if exchange.code == 400,
            !message.contains("json: ") && !message.contains("quantities must") && !message.contains("parsing time")
                && !message.contains("base64")
        {
            return false
        }
        if exchange.code == 400, message.contains("couldn't get version/kind") { return false }
        if exchange.path.contains("fieldValidation") || exchange.body == nil { return false }
        let topics = [
            "query:", "patch:", "apply:", "access", "forbidden", "escalation", "node:", "admission", "quota", "limits", "pod security",
            "webhook", "policy:", "review", "token", "delete", "route",
        ]
        if topics.contains(where: { exchange.name.hasPrefix($0) }) { return false }
        let others = [
            "allocated", "valid range. The range", "not configured", "Options.meta", "must be specified for an update",
            "compilation failed", "must evaluate to", "cel expression",
        ]
        if others.contains(where: { message.contains($0) }) { return false }
        return !["eviction", "binding", "exec", "log", "attach", "portforward", "proxy", "token"].contains(route.subresource)
    }
}
