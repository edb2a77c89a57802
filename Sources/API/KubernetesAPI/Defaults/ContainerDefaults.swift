internal import APIMachinery

enum ContainerDefaults {
    static func apply(to container: inout Container, isHostNetwork: Bool) {
        setImagePullPolicy(&container.imagePullPolicy, image: container.image)
        setTerminationMessage(&container.terminationMessagePath, &container.terminationMessagePolicy)
        setPorts(&container.ports, isHostNetwork: isHostNetwork)
        setEnvironment(&container.env)
        roundToMilli(&container.resources)
        setProbe(&container.livenessProbe)
        setProbe(&container.readinessProbe)
        setProbe(&container.startupProbe)
        setLifecycle(&container.lifecycle)
    }

    static func apply(to container: inout EphemeralContainer) {
        setImagePullPolicy(&container.imagePullPolicy, image: container.image)
        setTerminationMessage(&container.terminationMessagePath, &container.terminationMessagePolicy)
        setPorts(&container.ports, isHostNetwork: false)
        setEnvironment(&container.env)
        roundToMilli(&container.resources)
        setProbe(&container.livenessProbe)
        setProbe(&container.readinessProbe)
        setProbe(&container.startupProbe)
        setLifecycle(&container.lifecycle)
    }

    static func setImagePullPolicy(_ policy: inout String?, image: String?) {
        guard policy == nil else { return }
        policy = ImageTag.of(image ?? "") == "latest" ? "Always" : "IfNotPresent"
    }

    private static func setTerminationMessage(_ path: inout String?, _ policy: inout String?) {
        if path == nil { path = PodDefaults.terminationMessagePath }
        if policy == nil { policy = "File" }
    }

    private static func setPorts(_ ports: inout [ContainerPort], isHostNetwork: Bool) {
        for index in ports.indices {
            if ports[index].protocol == nil { ports[index].protocol = "TCP" }
            if isHostNetwork, ports[index].hostPort == nil { ports[index].hostPort = ports[index].containerPort }
        }
    }

    private static func setEnvironment(_ variables: inout [EnvVar]) {
        for index in variables.indices {
            guard var source = variables[index].valueFrom, source.fieldRef != nil else { continue }
            setFieldReference(&source.fieldRef)
            variables[index].valueFrom = source
        }
    }

    static func setFieldReference(_ reference: inout ObjectFieldSelector?) {
        if reference != nil, reference?.apiVersion == nil { reference?.apiVersion = "v1" }
    }

    /// Nothing finer than a thousandth is kept of a resource.
    private static func roundToMilli(_ resources: inout ResourceRequirements) {
        guard !resources.limits.isEmpty || !resources.requests.isEmpty else { return }
        resources.limits = resources.limits.mapValues(\.roundedUpToMilli)
        resources.requests = resources.requests.mapValues(\.roundedUpToMilli)
    }

    private static func setProbe(_ probe: inout Probe?) {
        guard var value = probe else { return }
        if value.timeoutSeconds == nil { value.timeoutSeconds = 1 }
        if value.periodSeconds == nil { value.periodSeconds = 10 }
        if value.successThreshold == nil { value.successThreshold = 1 }
        if value.failureThreshold == nil { value.failureThreshold = 3 }
        setHTTPGet(&value.httpGet)
        if value.grpc != nil, value.grpc?.service == nil { value.grpc?.service = "" }
        probe = value
    }

    private static func setLifecycle(_ lifecycle: inout Lifecycle?) {
        guard var value = lifecycle else { return }
        if var handler = value.postStart {
            setHTTPGet(&handler.httpGet)
            value.postStart = handler
        }
        if var handler = value.preStop {
            setHTTPGet(&handler.httpGet)
            value.preStop = handler
        }
        lifecycle = value
    }

    private static func setHTTPGet(_ action: inout HTTPGetAction?) {
        guard var value = action else { return }
        if value.path == nil { value.path = "/" }
        if value.scheme == nil { value.scheme = "HTTP" }
        action = value
    }
}

/// The tag of an image reference.
package enum ImageTag {
    /// - Returns: `latest` where there is neither tag nor digest; empty where there is a digest alone.
    package static func of(_ image: String) -> String {
        let hasDigest = image.contains("@")
        let name = image.prefix { $0 != "@" }
        let lastPart = name[(name.lastIndex(of: "/").map { name.index(after: $0) } ?? name.startIndex)...]
        guard let colon = lastPart.lastIndex(of: ":") else { return hasDigest ? "" : "latest" }
        return String(lastPart[lastPart.index(after: colon)...])
    }
}
