internal import APIMachinery

/// Namespaces, priority classes and whatever else stands in a cluster before anybody has made anything.
enum DefaultObjects {
    /// Where the API server is reached, as the service `kubernetes` tells pods.
    struct Endpoint: Sendable {
        var serverAddress: String
        var serverPort: Int
        /// `10.96.0.0/16`
        var serviceCIDR: String
        /// The first address of that.
        var serviceAddress: String
    }

    static var namespaces: [BootstrapObject] {
        (["default", "kube-node-lease", "kube-public", "kube-system"] as [Substring]).map { name in
            var namespace = BootstrapObject(group: "", kind: "Namespace", path: name)
            namespace.label("kubernetes.io/metadata.name", String(name))
            namespace.object["spec"] = ["finalizers": ["kubernetes"]]
            namespace.object["status"] = ["phase": "Active"]
            return namespace
        }
    }

    static var priorityClasses: [BootstrapObject] {
        let classes: [(Substring, Int64, String)] = [
            ("system-cluster-critical", 2_000_000_000, "but can be moved to another node if necessary."),
            ("system-node-critical", 2_000_001_000, ""),
        ]
        return classes.map { name, value, rest in
            var result = BootstrapObject(group: "scheduling.k8s.io", kind: "PriorityClass", path: name)
            result.object["metadata", default: .null]["generation"] = 1
            result.object["value"] = .integer(value)
            let text = "Used for system critical pods that must "
            result.object["description"] = .string(
                rest.isEmpty ? text + "not be moved from their current node." : text + "run in the cluster, " + rest)
            result.object["preemptionPolicy"] = "PreemptLowerPriority"
            return result
        }
    }

    /// The class of claims that name none: a directory of the node where the first pod runs that uses the claim.
    static var storageClasses: [BootstrapObject] {
        var standard = BootstrapObject(
            group: "storage.k8s.io", kind: "StorageClass", path: "standard",
            metadata: ["annotations": ["storageclass.kubernetes.io/is-default-class": "true"]])
        standard.object["provisioner"] = "swiftlet.dev/local"
        standard.object["reclaimPolicy"] = "Delete"
        standard.object["volumeBindingMode"] = "WaitForFirstConsumer"
        return [standard]
    }

    /// The service `kubernetes` with what belongs to it. Kept true at every start: address and port may have changed.
    static func service(_ endpoint: Endpoint) -> [BootstrapObject] {
        let port: JSONValue = .integer(Int64(endpoint.serverPort))
        var service = BootstrapObject(group: "", kind: "Service", path: "default/kubernetes")
        service.label("component", "apiserver")
        service.label("provider", "kubernetes")
        service.object["spec"] = [
            "ports": [["name": "https", "protocol": "TCP", "port": 443, "targetPort": port]],
            "clusterIP": .string(endpoint.serviceAddress), "clusterIPs": [.string(endpoint.serviceAddress)], "type": "ClusterIP",
            "sessionAffinity": "None", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster",
        ]
        service.object["status"] = ["loadBalancer": .object(JSONObject())]

        var endpoints = BootstrapObject(group: "", kind: "Endpoints", path: "default/kubernetes")
        endpoints.label("endpointslice.kubernetes.io/skip-mirror", "true")
        endpoints.object["subsets"] = [
            [
                "addresses": [["ip": .string(endpoint.serverAddress)]],
                "ports": [["name": "https", "port": port, "protocol": "TCP"]],
            ]
        ]

        var slice = BootstrapObject(group: "discovery.k8s.io", kind: "EndpointSlice", path: "default/kubernetes")
        slice.object["metadata", default: .null]["generation"] = 1
        slice.label("kubernetes.io/service-name", "kubernetes")
        slice.object["addressType"] = endpoint.serverAddress.contains(":") ? "IPv6" : "IPv4"
        slice.object["endpoints"] = [["addresses": [.string(endpoint.serverAddress)], "conditions": ["ready": true]]]
        slice.object["ports"] = [["name": "https", "protocol": "TCP", "port": port]]
        return [service, endpoints, slice]
    }

    static func addresses(_ endpoint: Endpoint, now: Timestamp) -> [BootstrapObject] {
        var range = BootstrapObject(group: "networking.k8s.io", kind: "ServiceCIDR", path: "kubernetes")
        range.object["spec"] = ["cidrs": [.string(endpoint.serviceCIDR)]]
        range.object["status"] = [
            "conditions": [
                [
                    "type": "Ready", "status": "True", "lastTransitionTime": .string(now.description), "reason": "",
                    "message": "Kubernetes default Service CIDR is ready",
                ]
            ]
        ]
        var address = BootstrapObject(group: "networking.k8s.io", kind: "IPAddress", path: endpoint.serviceAddress[...])
        address.label("ipaddress.kubernetes.io/ip-family", "IPv4")
        address.label("ipaddress.kubernetes.io/managed-by", "ipallocator.k8s.io")
        address.object["spec"] = ["parentRef": ["resource": "services", "namespace": "default", "name": "kubernetes"]]
        return [range, address]
    }

    /// What extension API servers need to believe this one.
    static func configMaps(clientCA: String, frontProxyCA: String, now: Timestamp) -> [BootstrapObject] {
        var authentication = BootstrapObject(group: "", kind: "ConfigMap", path: "kube-system/extension-apiserver-authentication")
        authentication.object["data"] = [
            "client-ca-file": .string(clientCA), "requestheader-allowed-names": "[\"front-proxy-client\"]",
            "requestheader-client-ca-file": .string(frontProxyCA), "requestheader-extra-headers-prefix": "[\"X-Remote-Extra-\"]",
            "requestheader-group-headers": "[\"X-Remote-Group\"]", "requestheader-username-headers": "[\"X-Remote-User\"]",
        ]
        var tracking = BootstrapObject(
            group: "", kind: "ConfigMap", path: "kube-system/kube-apiserver-legacy-service-account-token-tracking")
        tracking.object["data"] = ["since": .string(String(now.description.prefix(10)))]
        return [authentication, tracking]
    }

    /// One for every group version that this server has.
    static var apiServices: [BootstrapObject] {
        let groups: [(String, String, Int64, Int64)] = [
            ("", "v1", 18000, 1), ("admissionregistration.k8s.io", "v1", 16700, 15), ("apiextensions.k8s.io", "v1", 16700, 15),
            ("apps", "v1", 17800, 15), ("authentication.k8s.io", "v1", 17700, 15), ("authorization.k8s.io", "v1", 17600, 15),
            ("autoscaling", "v1", 17500, 15), ("autoscaling", "v2", 17500, 30), ("batch", "v1", 17400, 15),
            ("certificates.k8s.io", "v1", 17300, 15), ("coordination.k8s.io", "v1", 16500, 15), ("discovery.k8s.io", "v1", 16200, 15),
            ("events.k8s.io", "v1", 17750, 15), ("flowcontrol.apiserver.k8s.io", "v1", 16100, 21),
            ("networking.k8s.io", "v1", 17200, 15), ("node.k8s.io", "v1", 16300, 15), ("policy", "v1", 17100, 15),
            ("rbac.authorization.k8s.io", "v1", 17000, 15), ("scheduling.k8s.io", "v1", 16600, 15), ("storage.k8s.io", "v1", 16800, 15),
            ("metrics.k8s.io", "v1beta1", 100, 100),
        ]
        return groups.map { group, version, groupPriority, versionPriority in
            var service = BootstrapObject(group: "apiregistration.k8s.io", kind: "APIService", path: "\(version).\(group)"[...])
            service.label("kube-aggregator.kubernetes.io/automanaged", "onstart")
            var spec = JSONObject()
            if !group.isEmpty { spec["group"] = .string(group) }
            spec["version"] = .string(version)
            spec["groupPriorityMinimum"] = .integer(groupPriority)
            spec["versionPriority"] = .integer(versionPriority)
            service.object["spec"] = .object(spec)
            let message = "Local APIServices are always available"
            service.object["status"] = [
                "conditions": [["type": "Available", "status": "True", "reason": "Local", "message": .string(message)]]
            ]
            return service
        }
    }
}
