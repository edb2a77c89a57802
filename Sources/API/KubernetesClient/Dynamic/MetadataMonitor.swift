package import APIMachinery
package import KubernetesAPI

/// Follows the metadata of all objects of a resource, and keeps none of it.
package struct MetadataMonitor: Sendable {
    private let reflector: Reflector<PartialObjectMetadata>

    /// - Parameters:
    ///   - replace: Told of the whole state: at first, and whenever the thread was lost.
    ///   - put: Told of an object that is new or has changed.
    ///   - remove: Told of an object that is gone, with its last metadata.
    ///   - report: Told of each failure; the monitor goes on by itself.
    package init(
        _ resource: DiscoveredResource, client: Client, time: any TimeSource,
        replace: @escaping @Sendable ([ObjectMeta]) -> Void, put: @escaping @Sendable (ObjectMeta) -> Void,
        remove: @escaping @Sendable (ObjectMeta) -> Void, report: @escaping @Sendable (ClientError) -> Void
    ) {
        reflector = Reflector(
            resource: client.metadata(of: resource), selection: .init(), time: time,
            replace: { listed, _ in replace(listed.map(\.metadata)) },
            apply: { event in
                switch event {
                case .added(let object), .modified(let object): put(object.metadata)
                case .deleted(let object): remove(object.metadata)
                case .bookmark: break
                }
            }, report: report)
    }

    /// Runs until the task is cancelled.
    package func run() async { await reflector.run() }
}
