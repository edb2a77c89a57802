internal import APIMachinery
internal import APIServer
internal import Storage

/// How a control plane is at one moment.
package struct ControlPlaneStatus: Sendable {
    package struct Check: Sendable {
        package var name: String
        /// nil: all is well.
        package var problem: String?
    }
    package struct ObjectCount: Sendable {
        /// `deployments.apps`; `pods` in the core group.
        package var resource: String
        package var count: Int
    }

    package var url: String
    package var kubeconfigPath: String
    /// `sqlite` or `memory`.
    package var store: String
    package var revision: Int64
    package var oldestRevision: Int64
    /// Of the store's files; nil for one in memory.
    package var storeBytes: Int?
    package var connectionCount: Int
    package var checks: [Check]
    /// Resources that have objects, in the order of discovery.
    package var objects: [ObjectCount]

    package var isReady: Bool { checks.allSatisfy { $0.problem == nil } }
}

extension ControlPlaneServer {
    package func status() async -> ControlPlaneStatus {
        ControlPlaneStatus(
            url: url, kubeconfigPath: kubeconfigPath, store: "\(configuration.store)",
            revision: storage.currentRevision, oldestRevision: storage.oldestRevision, storeBytes: StoreFiles(configuration).sizeBytes,
            connectionCount: connectionCount,
            checks: await apiServer.readiness().map { ControlPlaneStatus.Check(name: $0.name, problem: $0.problem) },
            objects: await objectCounts())
    }

    private func objectCounts() async -> [ControlPlaneStatus.ObjectCount] {
        var counts: [ControlPlaneStatus.ObjectCount] = []
        var seen: Set<String> = []
        for resource in apiServer.registry.resources {
            guard let location = resource.stored?.location, seen.insert(location.prefix).inserted else { continue }
            // A store that fails shows among the checks.
            guard let count = try? await storage.count(prefix: location.prefix), count > 0 else { continue }
            counts.append(.init(resource: resource.group.isEmpty ? resource.plural : "\(resource.plural).\(resource.group)", count: count))
        }
        return counts
    }
}
