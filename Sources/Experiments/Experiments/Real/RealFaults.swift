internal import FaultInjection
internal import KubernetesAPI
import Synchronization

/// The faults of one run that go on, and whom they are done to.
final class RealFaults: Sendable {
    private typealias End = @Sendable () throws -> Void
    private let node: RealNode
    private let uids: [String: String]
    /// By fault, pod and container; in the order in which they began.
    private let running = Mutex<[(key: String, end: End)]>([])

    init(_ node: RealNode, _ pods: [Pod]) {
        self.node = node
        uids = Dictionary(pods.map { ($0.metadata.name ?? "", $0.metadata.uid ?? "") }) { first, _ in first }
    }

    func send(signal: Int32, _ pod: String, _ container: String) throws {
        try node.injector.send(signal: signal, to: try target(pod, container))
    }

    func killSupervisor(_ pod: String) throws { try node.injector.killSupervisor(of: try target(pod, "")) }

    /// One that goes on already is ended first.
    func begin(_ fault: KernelFault, _ pod: String, _ container: String) throws {
        try end(fault.name, pod, container)
        let end = try node.injector.begin(fault, on: try target(pod, container))
        running.withLock { $0.append((Self.key(fault.name, pod, container), end)) }
    }

    /// Nothing happens when there is none.
    func end(_ name: String, _ pod: String, _ container: String) throws {
        let key = Self.key(name, pod, container)
        let ends = running.withLock { running in
            let ends = running.filter { $0.key == key }.map(\.end)
            running.removeAll { $0.key == key }
            return ends
        }
        for end in ends { try end() }
    }

    /// - Returns: What could not be taken back, a line each.
    func endAll() -> [String] {
        let all = running.withLock { running in
            defer { running = [] }
            return running
        }
        return all.reversed().compactMap { key, end in
            do { try end() } catch { return "end of \(key): \(error)" }
            return nil
        }
    }

    private static func key(_ name: String, _ pod: String, _ container: String) -> String { "\(name) \(pod)/\(container)" }

    /// - Parameter container: Empty: any that runs.
    private func target(_ pod: String, _ container: String) throws -> FaultTarget {
        let uid = uids[pod] ?? ""
        let processes = node.processes(uid)
        guard let process = processes.first(where: { container.isEmpty || $0.name == container }) else {
            throw FaultError(container.isEmpty ? "no container of pod \(pod) runs" : "container \(container) of pod \(pod) does not run")
        }
        return FaultTarget(pod: pod, container: container, pid: process.pid) { [node] in node.emptyDirectory(uid, $0) }
    }
}
