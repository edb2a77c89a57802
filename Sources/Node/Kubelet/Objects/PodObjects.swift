package import KubernetesAPI

/// Where that comes from which pods take from other API objects: manifests that stand beside a pod, or an API server.
package protocol PodObjects: Sendable {
    /// Says which objects a pod refers to; again after its spec has changed. From then on `changes` tells of them.
    func register(_ pod: Pod)
    /// The pod is gone; what nobody refers to any more is let go of.
    func unregister(_ pod: PodUID)

    /// The first reading of each after `register` is as new as can be had; later ones may be a moment old.
    func configMap(_ name: String, for pod: Pod) async throws(ObjectError) -> ConfigMap
    func secret(_ name: String, for pod: Pod) async throws(ObjectError) -> Secret
    func token(_ order: TokenOrder) async throws(ObjectError) -> ServiceToken
    func claim(_ name: String, namespace: String) async throws(ObjectError) -> PersistentVolumeClaim
    func volume(_ name: String) async throws(ObjectError) -> PersistentVolume
    /// Those of a namespace, and of `default`.
    func services(of namespace: String) async throws(ObjectError) -> [Service]
    /// Labels of this node.
    func nodeLabels() async throws(ObjectError) -> [String: String]

    /// Pods one of whose ConfigMaps or Secrets has come, gone or changed. One listener.
    func changes() -> AsyncStream<PodUID>
}

extension PodObjects {
    /// Reads all that `references` name, each with its own outcome.
    func read(_ references: ObjectReferences, for pod: Pod) async -> ObjectSet {
        var set = ObjectSet()
        for name in references.configMaps.sorted() {
            do { set.configMaps[name] = .success(try await configMap(name, for: pod)) } catch { set.configMaps[name] = .failure(error) }
        }
        for name in references.secrets.sorted() {
            do { set.secrets[name] = .success(try await secret(name, for: pod)) } catch { set.secrets[name] = .failure(error) }
        }
        for order in references.tokens {
            do { set.tokens[order] = .success(try await token(order)) } catch { set.tokens[order] = .failure(error) }
        }
        return set
    }

    /// What the variables of a container are made from.
    func read(environmentOf container: Container, in pod: Pod) async -> ObjectSet {
        var set = await read(ObjectReferences(environmentOf: container), for: pod)
        do {
            set.services = .success(try await services(of: pod.namespace))
        } catch {
            // A static pod may be what the API server itself waits for.
            let isStatic = pod.metadata.annotations[StaticPodIdentity.sourceAnnotation] == "file"
            set.services = isStatic ? .success([]) : .failure(error)
        }
        return set
    }
}
