package import LinuxSystem
package import SupervisorAPI

/// The namespaces that a supervisor is to make for its pod.
package struct NamespaceRequest: Sendable {
    package var create: NamespaceKinds = []
    package var hostname: String?
    package var domainname: String?
    package var uidMap: [IDMapping] = []
    package var gidMap: [IDMapping] = []
    /// By their sysctl(8) names, for example `net.ipv4.ip_forward`.
    package var sysctls: [(name: String, value: String)] = []

    package init() {}

    func message(passed: NamespaceKinds) -> CreateNamespacesRequest {
        CreateNamespacesRequest(
            create: create, hostname: Array((hostname ?? "").utf8), domainname: Array((domainname ?? "").utf8), uidMappings: uidMap,
            gidMappings: gidMap, parameters: sysctls.map { KernelParameter(name: Array($0.name.utf8), value: Array($0.value.utf8)) },
            passed: passed)
    }
}

/// Descriptors of what the supervisor holds for its pod; open as long as this object lives.
package final class PodNamespaces: Sendable {
    private let descriptors: [(kind: NamespaceKinds, box: DescriptorBox)]

    /// - Parameter boxes: In the order of the bits of `kinds`, as many as these are.
    init(kinds: NamespaceKinds, boxes: [DescriptorBox]) {
        descriptors = Array(zip(NamespaceKinds.ordered.filter { kinds.contains($0) }, boxes)).map { (kind: $0, box: $1) }
    }

    package var network: CInt? { number(.network) }
    package var ipc: CInt? { number(.ipc) }
    package var uts: CInt? { number(.uts) }
    package var user: CInt? { number(.user) }
    /// A detached mount, open_tree(2).
    package var sharedMemory: CInt? { number(.sharedMemory) }

    private func number(_ kind: NamespaceKinds) -> CInt? { descriptors.first { $0.kind == kind }?.box.fd.rawValue }

    /// Calls with the network namespace; nil when there is none.
    package func withNetwork<Value>(_ body: (borrowing OwnedFD) throws -> Value) rethrows -> Value? {
        guard let box = descriptors.first(where: { $0.kind == .network })?.box else { return nil }
        return try body(box.fd)
    }
}
