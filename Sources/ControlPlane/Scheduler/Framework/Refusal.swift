/// Why a pod can't go on a node, or can't go anywhere.
package struct Refusal: Hashable, Sendable, Error {
    package enum Code: String, Sendable {
        /// Removing pods from the node could help.
        case unschedulable
        /// Nothing that the scheduler can do helps.
        case unresolvable
        /// The plugin itself will say when to try again.
        case pending
        /// The plugin failed.
        case error
    }
    package var code: Code
    /// As upstream words them, for the message that counts nodes by reason.
    package var reason: String
    package var moreReasons: [String] = []
    /// Set by the framework.
    package var plugin = ""

    package init(_ code: Code, _ reason: String, more: [String] = []) {
        self.code = code
        self.reason = reason
        moreReasons = more
    }

    package static func unschedulable(_ reason: String) -> Refusal { Refusal(.unschedulable, reason) }
    package static func unresolvable(_ reason: String) -> Refusal { Refusal(.unresolvable, reason) }

    func by(_ plugin: any SchedulingPlugin) -> Refusal {
        var refusal = self
        refusal.plugin = plugin.name
        return refusal
    }

    package var reasons: [String] { [reason] + moreReasons }
    package var message: String { reasons.joined(separator: ", ") }
}
