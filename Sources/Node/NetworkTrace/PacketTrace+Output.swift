package import APIMachinery

extension PacketTrace {
    package var text: String {
        var lines = ["from  \(from)", "to    \(to)"]
        lines += steps.enumerated().map { index, step in
            let rule = step.stage == "service" ? step.rule.map { "   [chain \($0)]" } ?? "" : ""
            return "  \(index + 1). \(step.stage): \(step.text)\(rule)"
        }
        lines += notes.map { "note: \($0)" }
        return (lines + [isAllowed ? "allowed" : "\(verdict.rawValue): \(reason)"]).joined(separator: "\n")
    }

    package var json: JSONValue {
        [
            "from": .string(from), "to": .string(to), "verdict": .string(verdict.rawValue), "allowed": .bool(isAllowed),
            "reason": .string(reason),
            "steps": .array(
                steps.map { step in
                    var object: JSONValue = [
                        "stage": .string(step.stage), "verdict": .string(step.verdict.rawValue), "text": .string(step.text),
                        "decidedBy": .array(step.decidedBy.map { .string($0) }),
                    ]
                    if let rule = step.rule { object["rule"] = .string(rule) }
                    return object
                }),
            "notes": .array(notes.map { .string($0) }),
        ]
    }
}
