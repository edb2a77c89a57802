package import APIMachinery
internal import APIServer

/// The node agent of this process. The API server asks it as it would over the network, but for TLS, which could prove nothing here.
package struct LocalAgent: Sendable {
    private let addresses: Set<String>
    private let port: Int
    let answer: @Sendable (APIRequest) async -> APIResponse

    /// - Parameters:
    ///   - addresses: Under which its node is known.
    ///   - port: Of its own HTTPS API.
    package init(addresses: [String], port: Int, answer: @escaping @Sendable (APIRequest) async -> APIResponse) {
        self.addresses = Set(addresses)
        self.port = port
        self.answer = answer
    }

    func isMeant(by request: BackendRequest) -> Bool {
        guard request.security == .kubelet || request.security == .unverifiedKubelet else { return false }
        return request.port == port && addresses.contains(request.host)
    }
}
