/// On whose behalf a request is handled. Authentication, impersonation and their checks are done before.
package struct Caller: Hashable, Sendable {
    package var user: UserInfo
    /// The address that the request came from, without a port; empty for a call from the same process.
    package var remoteAddress: String

    package init(user: UserInfo, remoteAddress: String = "") {
        self.user = user
        self.remoteAddress = remoteAddress
    }

    /// A part of the control plane itself: may do everything.
    package static let system = Caller(
        user: UserInfo(name: "system:apiserver", groups: ["system:masters", "system:authenticated"]))
}
