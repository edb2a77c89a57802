internal import APIMachinery

extension KindProfiles {
    static let storage: [String: KindProfile] = [
        "core/v1.PersistentVolumeClaim": KindProfile {
            $0.validate = { $0.claimSpec($1["spec"]) }
            $0.validatesOnUpdate = false
            $0.validateUpdate = { validator, new, old, subresource in
                if subresource.isEmpty { validator.claimUpdate(new, old) }
            }
        },
        "core/v1.PersistentVolume": KindProfile {
            $0.prepareForCreate = { volume in
                volume["status", default: [:]]["lastPhaseTransitionTime"] = .string(Timestamp.now().description)
            }
            $0.prepareForUpdate = { volume, old, subresource in
                guard subresource == "status", volume["status"]?["phase"] != old["status"]?["phase"] else { return }
                volume["status", default: [:]]["lastPhaseTransitionTime"] = .string(Timestamp.now().description)
            }
            $0.validate = { $0.persistentVolume($1) }
            $0.validateUpdate = { validator, new, old, subresource in
                if subresource.isEmpty { validator.persistentVolumeUpdate(new, old) }
            }
        },
        "storage/v1.StorageClass": KindProfile {
            $0.validate = { $0.storageClass($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.storageClassUpdate(new, old) }
        },
        "storage/v1.CSIDriver": KindProfile {
            $0.name = { NameValidation.dns1123Subdomain($0.lowercased()) }
            $0.allowsUnconditionalUpdate = false
            $0.validate = { $0.csiDriver($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.csiDriverUpdate(new, old) }
        },
        "storage/v1.CSINode": KindProfile {
            $0.allowsUnconditionalUpdate = false
            $0.validate = { $0.csiNode($1) }
        },
        "storage/v1.CSIStorageCapacity": KindProfile {
            $0.allowsUnconditionalUpdate = false
            $0.validate = { $0.csiStorageCapacity($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.csiStorageCapacityUpdate(new, old) }
        },
        "storage/v1.VolumeAttachment": KindProfile {
            $0.allowsUnconditionalUpdate = false
            $0.validate = { $0.volumeAttachment($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.volumeAttachmentUpdate(new, old) }
        },
    ]
}
