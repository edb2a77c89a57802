internal import APIMachinery

extension KindProfiles {
    static let access: [String: KindProfile] = [
        "rbac/v1.Role": rbac { $0.validate = { $0.role($1) } },
        "rbac/v1.ClusterRole": rbac { $0.validate = { $0.clusterRole($1) } },
        "rbac/v1.RoleBinding": rbac {
            $0.validate = { $0.roleBinding($1, isNamespaced: true) }
            $0.validateUpdate = { validator, new, old, _ in validator.roleBindingUpdate(new, old) }
        },
        "rbac/v1.ClusterRoleBinding": rbac {
            $0.validate = { $0.roleBinding($1, isNamespaced: false) }
            $0.validateUpdate = { validator, new, old, _ in validator.roleBindingUpdate(new, old) }
        },
        "certificates/v1.CertificateSigningRequest": KindProfile {
            $0.name = NameValidation.pathSegment
            $0.validate = { $0.certificateRequest($1) }
            $0.prepareForUpdate = CertificateStrategy.prepareForUpdate
            $0.validatesOnUpdate = false
            $0.validateUpdate = { validator, new, old, subresource in
                validator.certificateRequestUpdate(new, old, subresource: subresource)
            }
        },
    ]

    private static func rbac(_ change: (inout KindProfile) -> Void) -> KindProfile {
        KindProfile {
            $0.name = NameValidation.pathSegment
            $0.allowsCreateOnUpdate = true
            change(&$0)
        }
    }
}
