internal import APIMachinery

extension KindProfiles {
    static let network: [String: KindProfile] = [
        "discovery/v1.EndpointSlice": KindProfile {
            $0.generationMembers = ["addressType", "endpoints", "ports"]
            $0.generationMetadata = ["labels"]
            $0.validate = { $0.endpointSlice($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.endpointSliceUpdate(new, old) }
        },
        "networking/v1.Ingress": KindProfile {
            $0.generationMembers = ["spec"]
            $0.validate = { $0.ingress($1, isNew: true) }
            $0.validatesOnUpdate = false
            $0.validateUpdate = { validator, new, _, subresource in
                if subresource.isEmpty { validator.ingress(new, isNew: false) }
            }
        },
        "networking/v1.IngressClass": KindProfile {
            $0.generationMembers = ["spec"]
            $0.validate = { $0.ingressClass($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.ingressClassUpdate(new, old) }
        },
        "networking/v1.NetworkPolicy": KindProfile {
            $0.generationMembers = ["spec"]
            $0.validate = { $0.networkPolicy($1) }
        },
        "networking/v1.IPAddress": KindProfile {
            $0.name = addressName
            $0.validate = { $0.ipAddressObject($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.ipAddressUpdate(new, old) }
        },
        "networking/v1.ServiceCIDR": KindProfile {
            $0.validate = { $0.serviceCIDR($1) }
            $0.validateUpdate = { validator, new, old, _ in validator.serviceCIDRUpdate(new, old) }
        },
    ]

    /// An address in its canonical form.
    private static let addressName: @Sendable (String) -> [String] = { text in
        var validator = Validator()
        let field = JSONField(.string(text))
        validator.ipAddress(field, text)
        if validator.errors.isEmpty, IPAddress(text)?.description != text {
            return ["must be in canonical form (\((IPAddress(text)?.description ?? text).quoted))"]
        }
        return validator.errors.map(\.detail)
    }
}
