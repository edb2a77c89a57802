internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Says every quarter of its duration that this node lives, by a Lease that is small to write.
struct NodeLease: Sendable {
    private static let namespace = "kube-node-lease"
    let client: Client
    let nodeName: String
    let durationSeconds: Int32
    let own: OwnNode
    let clock: any TimeSource
    let report: @Sendable (String) -> Void

    /// Runs until the task is cancelled.
    func run() async {
        guard await own.found.waitUnlessCancelled() != nil else { return }
        var lease: Lease?
        var retry = Retry(first: .milliseconds(200), longest: .seconds(7))
        while !Task.isCancelled {
            let begin = clock.now
            do throws(ClientError) {
                lease = try await renewed(lease)
                retry = Retry(first: .milliseconds(200), longest: .seconds(7))
                try? await clock.sleep(until: begin + .milliseconds(Int64(durationSeconds) * 250))
            } catch {
                lease = nil
                report("lease of node \(nodeName): \(error)")
                try? await clock.sleep(for: retry.next(after: .zero))
            }
        }
    }

    /// - Parameter known: As last written; nil: to be read or made.
    private func renewed(_ known: Lease?) async throws(ClientError) -> Lease {
        let leases = client.resource(Lease.self, namespace: Self.namespace)
        do throws(ClientError) {
            // Not by `??`: its closure throws everything.
            var lease: Lease
            if let known { lease = known } else { lease = try await leases.get(nodeName) }
            fill(&lease)
            return try await leases.update(lease)
        } catch {
            guard error.isNotFound else { throw error }
        }
        var lease = Lease {
            $0.metadata.name = nodeName
            $0.metadata.namespace = Self.namespace
        }
        fill(&lease)
        return try await leases.create(lease)
    }

    private func fill(_ lease: inout Lease) {
        lease.spec.holderIdentity = nodeName
        lease.spec.leaseDurationSeconds = durationSeconds
        lease.spec.renewTime = MicroTimestamp(clock.wallTime)
        guard let node = own.object else { return }
        lease.metadata.ownerReferences = [
            OwnerReference {
                $0.apiVersion = "v1"
                $0.kind = "Node"
                $0.name = nodeName
                $0.uid = node.metadata.uid ?? ""
            }
        ]
    }
}
