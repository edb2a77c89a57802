import APIMachinery
@testable import ControlPlane
import Crypto
import Glibc
import TestSupport
import Testing
import X509

@Suite struct CredentialsTests {
    let folder = "/tmp/swiftlet-pki-\(UInt64.random(in: 0..<UInt64.max))"
    let names = Credentials.Names(hostNames: ["box"], addresses: [IPAddress(bytes: [10, 96, 0, 1])])
    let start = Timestamp(seconds: 1_800_000_000)
    let year = Duration.seconds(365 * 24 * 3600)

    func credentials(_ now: Timestamp, _ names: Credentials.Names? = nil) throws -> Credentials {
        try Credentials(directory: folder, names: names ?? self.names, now: now)
    }

    func remove() throws {
        for file in try files() { unlink("\(folder)/\(file)") }
        rmdir(folder)
    }

    func files() throws -> [String] {
        let directory = try #require(opendir(folder))
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    @Test func `what is made once stays, and only its owner may read it`() throws {
        let first = try credentials(start)
        let second = try credentials(start + .seconds(3600))
        #expect(first.authority == second.authority)
        #expect(first.serving == second.serving)
        #expect(first.admin == second.admin)
        #expect(first.serviceAccountKey == second.serviceAccountKey)
        let made = try files()
        #expect(
            made == [
                "admin.crt", "admin.key", "apiserver-kubelet-client.crt", "apiserver-kubelet-client.key", "apiserver.crt", "apiserver.key",
                "ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key",
                "front-proxy-client.crt", "front-proxy-client.key", "sa.key", "sa.pub",
            ])
        for file in made {
            var status = stat()
            stat("\(folder)/\(file)", &status)
            #expect(status.st_mode & 0o777 == 0o600, "\(file)")
        }
        try remove()
    }

    @Test func `certificates say who, whom and for what`() throws {
        let made = try credentials(start)
        let serving = try Certificate(pemEncoded: made.serving.certificate)
        let alternatives = try #require(try serving.extensions.subjectAlternativeNames)
        for name in [
            "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "box",
        ] {
            #expect(alternatives.contains(.dnsName(name)))
        }
        #expect(try #require(try serving.extensions.extendedKeyUsage).contains(.serverAuth))
        let admin = try Certificate(pemEncoded: made.admin.certificate)
        guard case .user(let user) = ClientCertificates().holder(of: try admin.derBytes, at: start) else { throw TestFailure("no user") }
        #expect(user.name == "kubernetes-admin")
        #expect(user.groups == ["system:masters"])
        #expect(user.extra["authentication.kubernetes.io/credential-id"]?.first?.hasPrefix("X509SHA256=") == true)
        #expect(ClientCertificates().holder(of: [1, 2, 3], at: start) == .invalid)
        try remove()
    }

    @Test func `what has used two thirds of its life is renewed, by the same authority`() throws {
        let first = try credentials(start)
        let second = try credentials(start + year * 3 / 5)
        #expect(first.serving == second.serving)
        let third = try credentials(start + year * 7 / 10)
        #expect(third.serving != first.serving)
        #expect(third.admin != first.admin)
        #expect(third.authority == first.authority)
        #expect(third.serviceAccountKey == first.serviceAccountKey)
        try remove()
    }

    @Test func `another name makes another serving certificate, and no more`() throws {
        let first = try credentials(start)
        let second = try credentials(start, .init(hostNames: ["other"], addresses: names.addresses))
        #expect(first.serving != second.serving)
        #expect(first.admin == second.admin)
        try remove()
    }

    @Test(arguments: ["ca.crt", "ca.key", "apiserver.crt", "apiserver.key", "admin.key", "sa.key", "front-proxy-ca.crt"])
    func `a torn file is mended`(file: String) throws {
        _ = try credentials(start)
        let path = "\(folder)/\(file)"
        let text = try #require(try SecretFile.read(path))
        try SecretFile.write(String(text.prefix(text.count / 2)), to: path)
        let mended = try credentials(start)
        let authority = try CertificateAuthority(mended.authority)
        let serving = try Certificate(pemEncoded: mended.serving.certificate)
        #expect(authority.certificate.publicKey.isValidSignature(serving.signature, for: serving))
        #expect(try credentials(start).serving == mended.serving)
        #expect(try SecretFile.read(path) != String(text.prefix(text.count / 2)))
        try remove()
    }

    @Test func `a certificate without its key is issued anew`() throws {
        let first = try credentials(start)
        unlink("\(folder)/apiserver.key")
        let second = try credentials(start)
        #expect(second.serving != first.serving)
        #expect(second.authority == first.authority)
        try remove()
    }
}

extension Certificate {
    var derBytes: [UInt8] { get throws { try serializeAsPEM().derBytes } }
}
