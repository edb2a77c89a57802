package import APIMachinery

/// A claim that names no storage class gets the default one.
package struct DefaultStorageClass: AdmissionPlugin {
    package init() {}

    package func mutate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard attributes.isFor("persistentvolumeclaims"), attributes.operation == .create, var claim = attributes.object,
            claim["spec"]?["storageClassName"] == nil,
            claim.annotations["volume.beta.kubernetes.io/storage-class"] == nil
        else { return }
        let marked = try await objects.list(group: "storage.k8s.io", "storageclasses").filter {
            $0.annotations["storageclass.kubernetes.io/is-default-class"] == "true"
        }
        guard let newest = DefaultClasses.newest(marked) else { return }
        claim.setSpec("storageClassName", .string(newest.name))
        attributes.object = claim
    }
}

/// An ingress that names no class gets the default one.
package struct DefaultIngressClass: AdmissionPlugin {
    package init() {}

    package func mutate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard attributes.isFor("ingresses", group: "networking.k8s.io"), attributes.operation == .create, var ingress = attributes.object,
            ingress["spec"]?["ingressClassName"] == nil, ingress.annotations["kubernetes.io/ingress.class"] == nil
        else { return }
        let marked = try await objects.list(group: "networking.k8s.io", "ingressclasses").filter {
            $0.annotations["ingressclass.kubernetes.io/is-default-class"] == "true"
        }
        guard let newest = DefaultClasses.newest(marked) else { return }
        ingress.setSpec("ingressClassName", .string(newest.name))
        attributes.object = ingress
    }
}

enum DefaultClasses {
    /// The one made last; of several made in one second the first by name.
    static func newest(_ classes: [JSONObject]) -> JSONObject? {
        classes.min {
            let (left, right) = ($0.metadataText("creationTimestamp"), $1.metadataText("creationTimestamp"))
            return left == right ? $0.name < $1.name : left > right
        }
    }
}

/// Overhead, node selector and tolerations of a pod's runtime class.
package struct RuntimeClassAdmission: AdmissionPlugin {
    package init() {}

    package func mutate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard attributes.isFor("pods"), attributes.operation == .create, var pod = attributes.object else { return }
        guard let name = pod["spec"]?["runtimeClassName"]?.stringValue else {
            guard let overhead = pod["spec"]?["overhead"]?.objectValue, !overhead.isEmpty else { return }
            throw attributes.forbidden("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")
        }
        guard let found = try await objects.get(group: "node.k8s.io", "runtimeclasses", name: name) else {
            throw attributes.forbidden("pod rejected: RuntimeClass \(name.quoted) not found")
        }
        if let overhead = found["overhead"]?["podFixed"] {
            if let given = pod["spec"]?["overhead"], given != overhead {
                throw attributes.forbidden("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
            }
            pod.setSpec("overhead", overhead)
        }
        try addScheduling(found, &pod, attributes)
        attributes.object = pod
    }

    private func addScheduling(_ found: JSONObject, _ pod: inout JSONObject, _ attributes: AdmissionAttributes) throws(Status) {
        var selector = pod["spec"]?["nodeSelector"]?.objectValue ?? JSONObject()
        for member in found["scheduling"]?["nodeSelector"]?.objectValue?.members ?? [] {
            if let given = selector[member.key], given != member.value {
                throw attributes.forbidden(
                    "conflict: runtimeClass.scheduling.nodeSelector[\(member.key)] = \(member.value.stringValue ?? ""); "
                        + "pod.spec.nodeSelector[\(member.key)] = \(given.stringValue ?? "")")
            }
            selector[member.key] = member.value
        }
        if !selector.isEmpty { pod.setSpec("nodeSelector", .object(selector)) }
        var tolerations = pod["spec"]?["tolerations"]?.arrayValue ?? []
        for toleration in found["scheduling"]?["tolerations"]?.arrayValue ?? [] where !tolerations.contains(toleration) {
            tolerations.append(toleration)
        }
        if !tolerations.isEmpty { pod.setSpec("tolerations", .array(tolerations)) }
    }
}
