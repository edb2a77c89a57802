internal import CRI
internal import KubernetesAPI

extension ConfigBuilder {
    static let hostsPath = "/etc/hosts"
    static let defaultTerminationMessagePath = "/dev/termination-log"

    /// The container's mounts: volumes, the hosts file, the termination message file.
    ///
    /// - Throws: `CreateContainerConfigError` for a mount that cannot be.
    func mounts(
        _ container: Container, attempt: UInt32, _ volumes: [String: HostVolume], _ environment: ContainerEnvironment,
        supportsRecursiveReadOnly: Bool
    ) throws(StartFailure) -> [Mount] {
        var mounts: [Mount] = []
        for mount in container.volumeMounts {
            guard let volume = volumes[mount.name] else {
                throw .configuration("cannot find volume \"\(mount.name)\" to mount into container \"\(container.name)\"")
            }
            mounts.append(try self.mount(mount, volume, environment, supportsRecursiveReadOnly))
        }
        if !mounts.contains(where: { $0.containerPath == Self.hostsPath }) {
            mounts.append(Mount(containerPath: Self.hostsPath, hostPath: paths.hosts(pod.uid)))
        }
        let messagePath = container.terminationMessagePath ?? Self.defaultTerminationMessagePath
        if !messagePath.isEmpty {
            let file = paths.terminationLog(pod.uid, container.name, attempt: attempt)
            mounts.append(Mount(containerPath: messagePath, hostPath: file))
        }
        return mounts
    }

    private func mount(
        _ mount: VolumeMount, _ volume: HostVolume, _ environment: ContainerEnvironment, _ supportsRecursiveReadOnly: Bool
    ) throws(StartFailure) -> Mount {
        let path = mount.mountPath.hasPrefix("/") ? mount.mountPath : "/" + mount.mountPath
        let subPath = try subPath(mount, environment)
        var result: Mount
        switch volume.source {
        case .path(let hostPath):
            result = Mount(containerPath: path, hostPath: hostPath)
            result.subPath = subPath
            // Ids in the volume are those inside the pod's user namespace.
            result.uidMappings = userNamespace?.uids ?? []
            result.gidMappings = userNamespace?.gids ?? []
        case .image(let image):
            result = Mount(containerPath: path, hostPath: "")
            result.image = image
            result.imageSubPath = subPath
        }
        result.readonly = (mount.readOnly ?? false) || volume.isReadOnly
        result.recursiveReadOnly = try isRecursivelyReadOnly(mount, supportsRecursiveReadOnly)
        switch mount.mountPropagation {
        case "HostToContainer": result.propagation = .hostToContainer
        case "Bidirectional": result.propagation = .bidirectional
        default: result.propagation = .private
        }
        return result
    }

    private func subPath(_ mount: VolumeMount, _ environment: ContainerEnvironment) throws(StartFailure) -> String {
        guard let expression = mount.subPathExpr, !expression.isEmpty else { return try checked(mount.subPath ?? "") }
        var missing: String?
        let path = Expansion.expand(expression) { name in
            if let value = environment[name] { return value }
            missing = missing ?? name
            return nil
        }
        if let missing { throw .configuration("missing value for \"\(missing)\"") }
        return try checked(path)
    }

    private func checked(_ subPath: String) throws(StartFailure) -> String {
        if subPath.hasPrefix("/") { throw .configuration("error SubPath `\(subPath)` must not be an absolute path") }
        if subPath.split(separator: "/").contains("..") {
            throw .configuration("unable to provision SubPath `\(subPath)`: must not contain '..'")
        }
        return subPath
    }

    private func isRecursivelyReadOnly(_ mount: VolumeMount, _ isSupported: Bool) throws(StartFailure) -> Bool {
        switch mount.recursiveReadOnly {
        case "Enabled":
            guard mount.readOnly ?? false else {
                throw .configuration("volume \"\(mount.name)\" requested recursive read-only mode, but it is not read-only")
            }
            guard isSupported else {
                throw .configuration(
                    "volume \"\(mount.name)\" requested recursive read-only mode, but it is not supported by the runtime")
            }
            return true
        case "IfPossible": return isSupported && (mount.readOnly ?? false)
        default: return false
        }
    }
}
