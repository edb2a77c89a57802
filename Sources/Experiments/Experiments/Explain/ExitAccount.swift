package import APIMachinery

/// How one instance of a container ended, who ended it, and what shows that.
package struct ExitAccount: Sendable {
    package enum Killer: String, Sendable {
        /// It ended by itself, with a code of its own.
        case itself
        /// The kernel, for want of memory.
        case outOfMemory
        /// The node agent, because a probe wanted it.
        case probe
        /// The node agent, because a hook failed.
        case hook
        /// The node agent, on behalf of whoever deleted or ended the pod.
        case stop
        /// The node agent's SIGKILL, after the time to end had run out.
        case graceExceeded
        /// The kernel, for what the program did: a bad address, a forbidden call.
        case crash
        /// Somebody's signal, with nothing known of the sender.
        case signal
        /// It never began.
        case neverStarted
        case unknown
    }
    package var container: String
    package var attempt: Int
    package var exitCode: Int32
    package var killer: Killer
    package var what: String
    package var finishedAt: Timestamp?
    package var evidence: [String]
    package var mends: [String]
}

extension ExitAccount {
    var json: JSONValue {
        var object = JSONObject()
        object["container"] = .string(container)
        object["attempt"] = .integer(Int64(attempt))
        object["exitCode"] = .integer(Int64(exitCode))
        object["by"] = .string(killer.rawValue)
        object["what"] = .string(what)
        if let finishedAt { object["finishedAt"] = .string(finishedAt.description) }
        object["evidence"] = .array(evidence.map { .string($0) })
        object["mends"] = .array(mends.map { .string($0) })
        return .object(object)
    }
}
