internal import KubernetesAPI
internal import KubernetesClient

/// This node's CSINode object: upstream has one for every node, and here it says that there are no drivers.
enum StorageNode {
    static func object(of node: Node) -> CSINode {
        CSINode {
            $0.metadata.name = node.metadata.name
            $0.metadata.ownerReferences = [
                OwnerReference {
                    $0.apiVersion = "v1"
                    $0.kind = "Node"
                    $0.name = node.metadata.name ?? ""
                    $0.uid = node.metadata.uid ?? ""
                }
            ]
        }
    }

    /// Makes the object unless it is there. One of a node of the same name that was deleted goes with its owner, and is made again later.
    static func ensure(_ node: Node, _ client: Client) async throws(ClientError) {
        do throws(ClientError) {
            _ = try await client.resource(CSINode.self).create(object(of: node))
        } catch {
            guard error.isAlreadyExists else { throw error }
        }
    }
}
