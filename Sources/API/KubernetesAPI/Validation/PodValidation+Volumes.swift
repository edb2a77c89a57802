internal import APIMachinery

extension Validator {
    static let fileModeDetail = "must be a number between 0 and 0777 (octal), both inclusive"

    mutating func volumes(_ volumes: [Volume], _ path: FieldPath) {
        var names: Set<String> = []
        for (index, volume) in volumes.enumerated() {
            let path = path.index(index)
            if require(volume.name, path.child("name")) {
                let problems = NameValidation.dns1123Label(volume.name)
                invalid(path.child("name"), volume.name, problems)
                if problems.isEmpty, !names.insert(volume.name).inserted {
                    report(.duplicate(path.child("name"), .string(volume.name)))
                }
            }
            volumeSource(volume, path)
        }
    }

    private mutating func volumeSource(_ volume: Volume, _ path: FieldPath) {
        let sources = Set(volume.jsonObject.keys)
        let given = Self.sourceOrder.filter(sources.contains)
        guard let first = given.first else { return report(.required(path, "must specify a volume type")) }
        for source in given.dropFirst() {
            report(.forbidden(path.child(source), "may not specify more than 1 volume type"))
        }
        localSource(first, volume, path.child(first))
        otherSource(first, volume, path.child(first))
    }

    /// In the order in which upstream looks at them: the first one counts.
    private static let sourceOrder = [
        "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi",
        "glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc",
        "flexVolume", "azureFile", "configMap", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk",
        "storageos", "projected", "scaleIO", "csi", "ephemeral", "image",
    ]

    private static let hostPathTypes = [
        "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
    ]

    /// Volumes that the node makes out of its own means and of API objects.
    private mutating func localSource(_ source: String, _ volume: Volume, _ path: FieldPath) {
        switch source {
        case "emptyDir":
            if volume.emptyDir?.sizeLimit?.isNegative == true {
                report(.forbidden(path.child("sizeLimit"), "SizeLimit field must be a valid resource quantity"))
            }
        case "hostPath":
            guard let hostPath = volume.hostPath, require(hostPath.path, path.child("path")) else { return }
            noBacksteps(hostPath.path, path.child("path"))
            oneOf(hostPath.type, Self.hostPathTypes, path.child("type"))
        case "configMap":
            guard let configMap = volume.configMap else { return }
            _ = require(configMap.name, path.child("name"))
            files(configMap.items, defaultMode: configMap.defaultMode, path)
        case "secret":
            guard let secret = volume.secret else { return }
            _ = require(secret.secretName, path.child("secretName"))
            files(secret.items, defaultMode: secret.defaultMode, path)
        case "downwardAPI":
            guard let downward = volume.downwardAPI else { return }
            mode(downward.defaultMode, path.child("defaultMode"))
            for file in downward.items { downwardFile(file, path) }
        case "projected":
            if let projected = volume.projected { projectedVolume(projected, path) }
        default: break
        }
    }

    private mutating func otherSource(_ source: String, _ volume: Volume, _ path: FieldPath) {
        switch source {
        case "gitRepo":
            guard let repository = volume.gitRepo else { return }
            _ = require(repository.repository, path.child("repository"))
            relativePath(repository.directory ?? "", path.child("directory"))
        case "nfs":
            guard let nfs = volume.nfs else { return }
            _ = require(nfs.server, path.child("server"))
            if require(nfs.path, path.child("path")), !nfs.path.hasPrefix("/") {
                report(.invalid(path.child("path"), .string(nfs.path), "must be an absolute path"))
            }
        case "persistentVolumeClaim":
            _ = require(volume.persistentVolumeClaim?.claimName, path.child("claimName"))
        case "csi":
            _ = require(volume.csi?.driver, path.child("driver"))
        case "ephemeral":
            if volume.ephemeral?.volumeClaimTemplate == nil { report(.required(path.child("volumeClaimTemplate"))) }
        case "image":
            _ = require(volume.image?.reference, path.child("reference"))
            oneOf(volume.image?.pullPolicy, ["Always", "IfNotPresent", "Never"], path.child("pullPolicy"))
        default: break
        }
    }

    private mutating func mode(_ mode: Int32?, _ path: FieldPath) {
        guard let mode, !(0...0o777).contains(mode) else { return }
        report(.invalid(path, .integer(Int64(mode)), Self.fileModeDetail))
    }

    private mutating func files(_ items: [KeyToPath], defaultMode: Int32?, _ path: FieldPath) {
        mode(defaultMode, path.child("defaultMode"))
        for (index, item) in items.enumerated() {
            let path = path.child("items").index(index)
            _ = require(item.key, path.child("key"))
            filePath(item.path, path.child("path"))
            mode(item.mode, path.child("mode"))
        }
    }

    /// A file's place in a volume. Names that begin with two dots are taken: they hold the atomically swapped content.
    private mutating func filePath(_ file: String, _ path: FieldPath) {
        guard require(file, path) else { return }
        relativePath(file, path)
        if file.hasPrefix(".."), !file.hasPrefix("../"), file != ".." {
            report(.invalid(path, .string(file), "must not start with '..'"))
        }
    }

    private static let downwardFields = [
        "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
    ]

    private mutating func downwardFile(_ file: DownwardAPIVolumeFile, _ path: FieldPath) {
        filePath(file.path, path.child("path"))
        if let reference = file.fieldRef {
            field(reference, supported: Self.downwardFields, path.child("fieldRef"))
            if file.resourceFieldRef != nil {
                report(.invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"))
            }
        } else if let reference = file.resourceFieldRef {
            _ = require(reference.containerName, path.child("resourceFieldRef", "containerName"))
            resourceField(reference, path.child("resourceFieldRef"))
        } else {
            report(.required(path, "one of fieldRef and resourceFieldRef is required"))
        }
        mode(file.mode, path.child("mode"))
    }

    private mutating func projectedVolume(_ volume: ProjectedVolumeSource, _ path: FieldPath) {
        mode(volume.defaultMode, path.child("defaultMode"))
        var paths: Set<String> = []
        for (index, source) in volume.sources.enumerated() {
            projection(source, path.child("sources").index(index), volumePath: path)
            for file in Self.paths(of: source) where !paths.insert(file).inserted {
                let name = source.secret?.name ?? source.configMap?.name ?? file
                report(.invalid(path, .string(name), "conflicting duplicate paths"))
            }
        }
    }

    private static func paths(of source: VolumeProjection) -> [String] {
        let items = (source.secret?.items ?? []) + (source.configMap?.items ?? [])
        return items.map(\.path) + (source.downwardAPI?.items ?? []).map(\.path)
            + [source.serviceAccountToken?.path, source.clusterTrustBundle?.path].compactMap { $0 }
    }

    private mutating func projection(_ source: VolumeProjection, _ path: FieldPath, volumePath: FieldPath) {
        let kinds = source.jsonObject.keys
        if kinds.count > 1 { report(.forbidden(path, "may not specify more than 1 volume type per source")) }
        if let secret = source.secret {
            _ = require(secret.name, path.child("secret", "name"))
            files(secret.items, defaultMode: nil, path.child("secret"))
        }
        if let configMap = source.configMap {
            _ = require(configMap.name, path.child("configMap", "name"))
            files(configMap.items, defaultMode: nil, path.child("configMap"))
        }
        for file in source.downwardAPI?.items ?? [] { downwardFile(file, path.child("downwardAPI")) }
        if let token = source.serviceAccountToken {
            tokenProjection(token, path.child("serviceAccountToken"), volumePath: volumePath)
        }
    }

    private mutating func tokenProjection(
        _ token: ServiceAccountTokenProjection, _ path: FieldPath, volumePath: FieldPath
    ) {
        let seconds = token.expirationSeconds ?? 3600
        if seconds < 600 {
            report(
                .invalid(
                    path.child("expirationSeconds"), .integer(seconds), "may not specify a duration less than 10 minutes"))
        } else if seconds > 1 << 32 {
            report(
                .invalid(
                    path.child("expirationSeconds"), .integer(seconds),
                    "may not specify a duration larger than 2^32 seconds"))
        }
        filePath(token.path, volumePath.child("path"))
    }
}
