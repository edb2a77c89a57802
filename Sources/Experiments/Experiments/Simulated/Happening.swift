package import APIMachinery

/// Something that happened to a pod in an experiment.
package struct Happening: Sendable, Hashable {
    package enum What: Sendable, Hashable {
        case started, startFailed
        case exited(code: Int32)
        /// The stop signal was sent.
        case stopping
        case ready, unready
        case phase(String)
        case event(reason: String, message: String)
        /// The experiment itself did something.
        case fault(String)
    }
    /// Since the beginning.
    package var at: Duration
    package var pod: String
    /// Empty: the whole pod.
    package var container: String
    /// Which instance of the container.
    package var attempt: Int?
    package var what: What
}

extension Happening: CustomStringConvertible {
    /// `app#1 exited 137`, `ready`, `event BackOff: …`
    package var description: String {
        let who = container.isEmpty ? "" : container + (attempt.map { "#\($0)" } ?? "") + " "
        switch what {
        case .started: return who + "started"
        case .startFailed: return who + "start failed"
        case .exited(let code): return who + "exited \(code)"
        case .stopping: return who + "stopping"
        case .ready: return "ready"
        case .unready: return "unready"
        case .phase(let phase): return "phase \(phase)"
        case .event(let reason, let message): return who + "event \(reason): \(message)"
        case .fault(let text): return who + "fault \(text)"
        }
    }

    package var json: JSONValue {
        var object = JSONObject()
        object["atMicroseconds"] = .integer(at.microseconds)
        object["pod"] = .string(pod)
        object["what"] = .string(description)
        return .object(object)
    }

    /// From a line of the simulated runtime's journal: `start web/app#1`, `exit web/app#1 137`, `stop web/app#1 within 30s`.
    init?(journal line: String, at: Duration) {
        let words = line.split(separator: " ").map(String.init)
        guard words.count >= 2, let slash = words[1].firstIndex(of: "/"), let hash = words[1].lastIndex(of: "#") else { return nil }
        let what: What
        switch words[0] {
        case "start": what = words.last == "fails" ? .startFailed : .started
        case "exit": what = .exited(code: words.count > 2 ? Int32(words[2]) ?? 0 : 0)
        case "stop": what = .stopping
        default: return nil
        }
        self.init(
            at: at, pod: String(words[1][..<slash]), container: String(words[1][words[1].index(after: slash)..<hash]),
            attempt: Int(words[1][words[1].index(after: hash)...]), what: what)
    }
}
