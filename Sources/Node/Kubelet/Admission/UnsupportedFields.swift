package import APIMachinery
package import KubernetesAPI

/// Fields that Kubernetes knows and that this program does not act on yet. None is dropped in silence.
package enum UnsupportedFields {
    package struct Finding: Sendable, Hashable, CustomStringConvertible {
        package var path: FieldPath
        /// What does not happen.
        package var what: String
        package var description: String { "\(path): not supported yet: \(what)" }
    }

    /// In the order of the pod's fields. Fields that are the scheduler's alone are none.
    package static func find(in pod: Pod) -> [Finding] {
        var search = Search()
        search.visit(pod.spec, FieldPath("spec"))
        return search.findings
    }
}

private struct Search {
    private static let supportedVolumes: Set<String> = [
        "emptyDir", "hostPath", "configMap", "secret", "downwardAPI", "projected", "image",
    ]
    var findings: [UnsupportedFields.Finding] = []

    private mutating func report(_ isThere: Bool, _ path: FieldPath, _ what: String) {
        if isThere { findings.append(.init(path: path, what: what)) }
    }

    mutating func visit(_ spec: PodSpec, _ path: FieldPath) {
        for (index, container) in spec.initContainers.enumerated() {
            visit(container, path.child("initContainers").index(index))
        }
        for (index, container) in spec.containers.enumerated() { visit(container, path.child("containers").index(index)) }
        report(!spec.ephemeralContainers.isEmpty, path.child("ephemeralContainers"), "they are not started")
        report(!spec.imagePullSecrets.isEmpty, path.child("imagePullSecrets"), "images are not pulled from registries")
        report(spec.os?.name == "windows", path.child("os", "name"), "containers are Linux containers")
        report(
            !spec.readinessGates.isEmpty, path.child("readinessGates"), "nobody can set their conditions, so the pod never becomes ready")
        report(!spec.resourceClaims.isEmpty, path.child("resourceClaims"), "no devices are allocated")
        report(spec.runtimeClassName != nil, path.child("runtimeClassName"), "there is one way to run containers")
        report(!spec.schedulingGates.isEmpty, path.child("schedulingGates"), "the pod starts all the same")
        report(spec.automountServiceAccountToken == true, path.child("automountServiceAccountToken"), "no token is mounted")
        if let context = spec.securityContext { visit(context, path.child("securityContext")) }
        for (index, volume) in spec.volumes.enumerated() { visit(volume, path.child("volumes").index(index)) }
    }

    private mutating func visit(_ context: PodSecurityContext, _ path: FieldPath) {
        report(context.seLinuxOptions != nil, path.child("seLinuxOptions"), "no label is set")
        report(context.windowsOptions != nil, path.child("windowsOptions"), "containers are Linux containers")
        visit(context.appArmorProfile, path.child("appArmorProfile"))
    }

    private mutating func visit(_ profile: AppArmorProfile?, _ path: FieldPath) {
        guard let profile, profile.type != "Unconfined" else { return }
        report(true, path, "no profile is applied")
    }

    private mutating func visit(_ container: Container, _ path: FieldPath) {
        let probe = "it does not run; the container counts as started and ready while it runs"
        report(container.livenessProbe != nil, path.child("livenessProbe"), "it does not run; nothing restarts a container that hangs")
        report(container.readinessProbe != nil, path.child("readinessProbe"), probe)
        report(container.startupProbe != nil, path.child("startupProbe"), probe)
        report(!container.resizePolicy.isEmpty, path.child("resizePolicy"), "resources are not changed in place")
        report(!container.resources.claims.isEmpty, path.child("resources", "claims"), "no devices are allocated")
        let storage = "ephemeral-storage"
        let hasStorageLimit = container.resources.limits[storage] != nil
        report(hasStorageLimit, path.child("resources", "limits").key(storage), "it is not enforced")
        report(!container.volumeDevices.isEmpty, path.child("volumeDevices"), "block devices are not mapped")
        if let lifecycle = container.lifecycle {
            visit(lifecycle.postStart, path.child("lifecycle", "postStart"))
            visit(lifecycle.preStop, path.child("lifecycle", "preStop"))
        }
        if let context = container.securityContext {
            let path = path.child("securityContext")
            report(context.seLinuxOptions != nil, path.child("seLinuxOptions"), "no label is set")
            report(context.windowsOptions != nil, path.child("windowsOptions"), "containers are Linux containers")
            visit(context.appArmorProfile, path.child("appArmorProfile"))
        }
    }

    private mutating func visit(_ hook: LifecycleHandler?, _ path: FieldPath) {
        report(hook?.tcpSocket != nil, path.child("tcpSocket"), "no hook of this kind runs")
        report(hook?.httpGet?.scheme == "HTTPS", path.child("httpGet", "scheme"), "hooks speak plain HTTP only")
    }

    private mutating func visit(_ volume: Volume, _ path: FieldPath) {
        let type = volume.typeName
        report(!Self.supportedVolumes.contains(type), path.child(type), "volumes of this type cannot be mounted")
        if let emptyDir = volume.emptyDir {
            let isUnbounded = (emptyDir.medium ?? "").isEmpty && emptyDir.sizeLimit != nil
            report(isUnbounded, path.child("emptyDir", "sizeLimit"), "it is not enforced on disk")
        }
        for (index, source) in (volume.projected?.sources ?? []).enumerated() {
            let path = path.child("projected", "sources").index(index)
            report(source.serviceAccountToken != nil, path.child("serviceAccountToken"), "there is nobody to issue tokens")
            report(source.clusterTrustBundle != nil, path.child("clusterTrustBundle"), "there are no trust bundles")
        }
    }
}
