enum VolumeDefaults {
    /// Mode of the files of configMap, secret, downwardAPI and projected volumes: 0644.
    static let fileMode: Int32 = 0o644

    static func apply(to volume: inout Volume) {
        if volume.jsonObject.keys == ["name"] { volume.emptyDir = EmptyDirVolumeSource() }
        setFiles(&volume)
        setNetworkStorage(&volume)
        if volume.hostPath != nil, volume.hostPath?.type == nil { volume.hostPath?.type = "" }
        if var image = volume.image {
            ContainerDefaults.setImagePullPolicy(&image.pullPolicy, image: image.reference)
            volume.image = image
        }
        if var template = volume.ephemeral?.volumeClaimTemplate, template.spec.volumeMode == nil {
            template.spec.volumeMode = "Filesystem"
            volume.ephemeral?.volumeClaimTemplate = template
        }
    }

    private static func setFiles(_ volume: inout Volume) {
        if volume.secret != nil, volume.secret?.defaultMode == nil { volume.secret?.defaultMode = fileMode }
        if volume.configMap != nil, volume.configMap?.defaultMode == nil { volume.configMap?.defaultMode = fileMode }
        if var downward = volume.downwardAPI {
            if downward.defaultMode == nil { downward.defaultMode = fileMode }
            setItems(&downward.items)
            volume.downwardAPI = downward
        }
        if var projected = volume.projected {
            if projected.defaultMode == nil { projected.defaultMode = fileMode }
            for index in projected.sources.indices { setProjection(&projected.sources[index]) }
            volume.projected = projected
        }
    }

    private static func setItems(_ items: inout [DownwardAPIVolumeFile]) {
        for index in items.indices { ContainerDefaults.setFieldReference(&items[index].fieldRef) }
    }

    private static func setProjection(_ source: inout VolumeProjection) {
        if source.serviceAccountToken != nil, source.serviceAccountToken?.expirationSeconds == nil {
            source.serviceAccountToken?.expirationSeconds = 3600
        }
        if var downward = source.downwardAPI {
            setItems(&downward.items)
            source.downwardAPI = downward
        }
    }

    private static func setNetworkStorage(_ volume: inout Volume) {
        if volume.iscsi != nil, volume.iscsi?.iscsiInterface == nil { volume.iscsi?.iscsiInterface = "default" }
        if var rbd = volume.rbd {
            if rbd.pool == nil { rbd.pool = "rbd" }
            if rbd.user == nil { rbd.user = "admin" }
            if rbd.keyring == nil { rbd.keyring = "/etc/ceph/keyring" }
            volume.rbd = rbd
        }
        if var disk = volume.azureDisk {
            if disk.cachingMode == nil { disk.cachingMode = "ReadWrite" }
            if disk.kind == nil { disk.kind = "Shared" }
            if disk.fsType == nil { disk.fsType = "ext4" }
            if disk.readOnly == nil { disk.readOnly = false }
            volume.azureDisk = disk
        }
        if var scaleIO = volume.scaleIO {
            if scaleIO.storageMode == nil { scaleIO.storageMode = "ThinProvisioned" }
            if scaleIO.fsType == nil { scaleIO.fsType = "xfs" }
            volume.scaleIO = scaleIO
        }
    }
}
