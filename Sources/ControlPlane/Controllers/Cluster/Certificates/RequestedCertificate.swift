internal import APIMachinery
internal import X509

/// What a certificate signing request (PKCS #10) asks for.
struct RequestedCertificate: Sendable {
    let request: CertificateSigningRequest
    let commonName: String
    let organizations: [String]
    let dnsNames: [String]
    /// In network byte order.
    let addresses: [[UInt8]]
    var addressCount: Int { addresses.count }
    /// Mail addresses, URIs and whatever else a name may be.
    let otherNameCount: Int

    /// - Throws: When it can't be read, or its signature is not its own key's.
    init(pem: String) throws {
        request = try CertificateSigningRequest(pemEncoded: pem)
        guard request.publicKey.isValidSignature(request.signature, for: request) else {
            throw CertificateProblem("the request is not signed with its own key")
        }
        var (name, organizations): (String, [String]) = ("", [])
        for part in request.subject {
            for attribute in part {
                let value = attribute.value.description
                switch attribute.type {
                case .RDNAttributeType.commonName: name = value
                case .RDNAttributeType.organizationName: organizations.append(value)
                default: break
                }
            }
        }
        commonName = name
        self.organizations = organizations
        let names = try request.attributes.extensionRequest?.extensions.subjectAlternativeNames.map { Array($0) } ?? []
        var (dnsNames, addresses, otherNameCount) = ([String](), [[UInt8]](), 0)
        for one in names {
            switch one {
            case .dnsName(let text): dnsNames.append(text)
            case .ipAddress(let address): addresses.append(Array(address.bytes))
            default: otherNameCount += 1
            }
        }
        self.dnsNames = dnsNames
        self.addresses = addresses
        self.otherNameCount = otherNameCount
    }
}

struct CertificateProblem: Error, Hashable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
