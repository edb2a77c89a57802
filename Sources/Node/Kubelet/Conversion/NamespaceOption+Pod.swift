package import CRI
package import KubernetesAPI

extension NamespaceOption {
    /// - Parameter user: The pod's user namespace, with `hostUsers: false`.
    package init(_ pod: Pod, user: UserNamespace?) {
        self.init()
        network = pod.usesHostNetwork ? .node : .pod
        ipc = pod.spec.hostIPC ?? false ? .node : .pod
        pid = pod.spec.hostPID ?? false ? .node : pod.spec.shareProcessNamespace ?? false ? .pod : .container
        self.user = user
    }
}
