package import CRI
package import KubernetesAPI

// The runtime port and the API have types of the same name. These say which one is meant.

/// A container instance as the runtime sees it.
package typealias RuntimeContainer = CRI.ContainerStatus
/// A container as `pod.status` shows it.
package typealias APIContainerStatus = KubernetesAPI.ContainerStatus
package typealias APIContainerState = KubernetesAPI.ContainerState
package typealias Container = KubernetesAPI.Container
package typealias PodUID = String
