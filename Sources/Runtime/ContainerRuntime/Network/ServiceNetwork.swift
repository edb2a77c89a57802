package import CRI
package import PodNetwork

extension NativeRuntime {
    /// What a service proxy needs of the pod network; nil: pods have none.
    package var serviceSide: ServiceSide? { network?.serviceSide }

    /// What leads to pods of other nodes needs of the pod network; nil: pods have none.
    package var routeSide: RouteSide? { network?.routeSide }

    /// See ``PodNetwork/routeServices(_:)``.
    package func routeServices(_ networks: [String]) throws(RuntimeError) -> [String] {
        do { return try network?.routeServices(networks) ?? [] } catch { throw RuntimeError(.unavailable, "route services", cause: error) }
    }
}
