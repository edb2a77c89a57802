internal import APIMachinery

extension FieldTable {
    static let volumeTables: [FieldTable] = [
        FieldTable("Volume", acting: "name", mountable.merging(unmountable) { first, _ in first }),
        FieldTable("ConfigMapVolumeSource", acting: "defaultMode name optional", ["items": .members("KeyToPath")]),
        FieldTable("SecretVolumeSource", acting: "defaultMode optional secretName", ["items": .members("KeyToPath")]),
        FieldTable("KeyToPath", acting: "key mode path"),
        FieldTable("DownwardAPIVolumeSource", acting: "defaultMode", ["items": .members("DownwardAPIVolumeFile")]),
        FieldTable(
            "DownwardAPIVolumeFile", acting: "mode path",
            ["fieldRef": .members("ObjectFieldSelector"), "resourceFieldRef": .members("ResourceFieldSelector")]),
        FieldTable(
            "EmptyDirVolumeSource", acting: "medium",
            [
                "sizeLimit": .missingAlone(
                    "it is not enforced on disk", when: .without("medium"))
            ]),
        FieldTable("HostPathVolumeSource", acting: "path type"),
        FieldTable("ImageVolumeSource", acting: "pullPolicy reference"),
        FieldTable("ProjectedVolumeSource", acting: "defaultMode", ["sources": .members("VolumeProjection")]),
        FieldTable(
            "VolumeProjection",
            [
                "clusterTrustBundle": .impossible("there are no trust bundles"),
                "configMap": .members("ConfigMapProjection"),
                "downwardAPI": .members("DownwardAPIProjection"),
                "secret": .members("SecretProjection"),
                "serviceAccountToken": .withServer(
                    .members("ServiceAccountTokenProjection"), alone: .impossible("there is nobody to issue tokens")),
            ]),
        FieldTable("ServiceAccountTokenProjection", acting: "audience expirationSeconds path"),
        FieldTable("PersistentVolumeClaimVolumeSource", acting: "claimName readOnly"),
        FieldTable(
            "EphemeralVolumeSource", ["volumeClaimTemplate": .needless("the claim is made from it by the ephemeral volume controller")]),

        FieldTable("ConfigMapProjection", acting: "name optional", ["items": .members("KeyToPath")]),
        FieldTable("SecretProjection", acting: "name optional", ["items": .members("KeyToPath")]),
        FieldTable("DownwardAPIProjection", ["items": .members("DownwardAPIVolumeFile")]),
    ]

    private static let noClaims = FieldSupport.impossible("volumes of this type cannot be mounted")

    private static let mountable: [String: FieldSupport] = [
        "configMap": .members("ConfigMapVolumeSource"),
        "downwardAPI": .members("DownwardAPIVolumeSource"),
        "emptyDir": .members("EmptyDirVolumeSource"),
        "ephemeral": .withServer(.members("EphemeralVolumeSource"), alone: noClaims),
        "hostPath": .members("HostPathVolumeSource"),
        "image": .members("ImageVolumeSource"),
        "persistentVolumeClaim": .withServer(.members("PersistentVolumeClaimVolumeSource"), alone: noClaims),
        "projected": .members("ProjectedVolumeSource"),
        "secret": .members("SecretVolumeSource"),
    ]

    private static let unmountable: [String: FieldSupport] = Dictionary(
        uniqueKeysWithValues: otherTypes.map { ($0, .impossible("volumes of this type cannot be mounted")) })

    private static let otherTypes = [
        "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker",
        "gcePersistentDisk", "gitRepo", "glusterfs", "iscsi", "nfs", "photonPersistentDisk", "portworxVolume",
        "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume",
    ]
}
