import APIMachinery
import Testing

@testable import ControlPlane

struct JoiningTests {
    private static let hash = "sha256:" + String(repeating: "0a", count: 32)

    @Test(arguments: [
        ("abcdef.0123456789abcdef", true), ("abcdef.0123456789abcdef@\(hash)", true), ("abcdef.0123456789abcdef@", false),
        ("abcdef.0123456789abcde", false), ("abcde.0123456789abcdef", false), ("ABCDEF.0123456789abcdef", false),
        ("abcdef.0123456789abcdef@sha1:00", false), ("abcdef.0123456789abcdef@\(hash)@\(hash)", false), ("", false), ("@", false),
    ])
    func `a token is an id, a secret and perhaps a hash`(text: String, isOne: Bool) {
        let token = BootstrapToken(text)
        #expect((token != nil) == isOne)
        if let token { #expect(token.text == "abcdef.0123456789abcdef" && (token.authorityHash == Self.hash) == text.contains("@")) }
    }

    @Test func `tokens made are taken, and differ`() throws {
        let tokens = (0..<20).map { _ in BootstrapToken.random() }
        #expect(Set(tokens.map(\.text)).count == 20)
        for token in tokens { #expect(BootstrapToken(token.text) == token) }
    }

    /// The same as `openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | sha256sum` says of this certificate.
    @Test func `an authority is known by the hash of its public key`() throws {
        let authority = try CertificateAuthority(commonName: "kubernetes", now: .now()).pair
        let other = try CertificateAuthority(commonName: "kubernetes", now: .now()).pair
        let hash = try AuthorityHash.of(pem: authority.certificate)
        #expect(AuthorityHash.isOne(hash) && BootstrapToken("abcdef.0123456789abcdef@\(hash)") != nil)
        #expect(try AuthorityHash.of(pem: other.certificate) != hash)
        #expect(throws: (any Error).self) { try AuthorityHash.of(pem: "nonsense") }
    }

    @Test func `what nodes are told of the network is read as it was written`() {
        var facts = ClusterNetworkFacts()
        facts.clusterCIDRs = ["10.74.0.0/16", "fd00::/56"]
        facts.serviceCIDR = "10.174.0.0/24"
        facts.clusterDNS = "10.174.0.10"
        facts.routing = "vxlan"
        facts.vxlanIdentifier = 77
        #expect(ClusterNetworkFacts(facts.data) == facts)
        #expect(ClusterNetworkFacts([:]) == nil)
        #expect(ClusterNetworkFacts(facts.data.merging(["vxlanID": "16777216"]) { $1 }) == nil)
    }
}
