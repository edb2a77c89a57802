import APIMachinery
import Glibc
import TestSupport
import Testing

@testable import ImageStore

private let hasTools = (["/usr/bin/docker-registry", "/usr/bin/skopeo"] as [String]).allSatisfy { access($0, X_OK) == 0 }

/// Against the distribution project's registry, filled and read by skopeo.
@Suite(.enabled(if: isRoot && hasTools, "docker-registry and skopeo are not there")) struct DockerRegistryTests {
    @Test func `what skopeo pushes is pulled, and what is pushed skopeo reads`() async throws {
        try await withRegistry { registry in
            var builder = try ImageBuilder([[.file("a", "one")], [.file("b", "two")]])
            builder.compression = "gzip"
            try registry.fill(builder, as: "team/app:1")
            let store = try ImageStore(in: registry.directory)
            let client = try RegistryClient.forTest(store)
            let image = try await client.pull(try registry.reference("team/app:1")).image
            #expect(image.id == builder.id)
            let digest = try await client.push(image.id.description, to: try registry.reference("copy/app:2"))
            #expect(digest == image.manifest)
            #expect(try registry.inspect("copy/app:2").contains("\(digest)"))
            // Nothing is sent twice.
            #expect(try await client.push(image.id.description, to: try registry.reference("copy/app:3")) == digest)
        }
    }

    @Test func `an image that came without a manifest gets one`() async throws {
        try await withRegistry { registry in
            let builder = try ImageBuilder([[.file("a", "one")], [.file("b", "two")]])
            let store = try ImageStore(in: registry.directory)
            let archive = try builder.dockerArchive(at: "x.tar", in: registry.directory)
            let image = try #require(try store.importImage(from: archive).first)
            let client = try RegistryClient.forTest(store)
            let destination = try registry.reference("made/app:1")
            let digest = try await client.push(image.id.description, to: destination)
            #expect(try registry.inspect("made/app:1").contains("\(digest)"))
            try store.remove(image.id.description, force: true)
            let again = try await client.pull(destination)
            #expect(again.isNew)
            #expect(again.image.id == builder.id)
        }
    }

    @Test func `a registry with passwords lets in who has one`() async throws {
        try await withRegistry(hasPasswords: true) { registry in
            let builder = try ImageBuilder([[.file("a", "one")]])
            try registry.fill(builder, as: "app:1")
            let store = try ImageStore(in: registry.directory)
            let client = try RegistryClient.forTest(store)
            let name = try registry.reference("app:1")
            #expect(try await client.pull(name, credential: .password(user: "mary", "secret")).image.id == builder.id)
            try await client.push("\(name)", to: try registry.reference("other:1"), credential: .password(user: "mary", "secret"))
            try store.remove("\(name)")
            for credential in [nil, RegistryCredential.password(user: "mary", "wrong")] {
                #expect(
                    await refusal(.denied) { () async throws(ImageError) in try await client.pull(name, credential: credential) }?.contains(
                        "denied") == true)
                #expect(
                    await refusal(.denied) { () async throws(ImageError) in
                        try await client.push(builder.id.description, to: name, credential: credential)
                    } != nil)
            }
        }
    }

    @Test func `with TLS by a configured authority, and not by another`() async throws {
        let certificates = try await TestCertificates()
        try await withRegistry(certificates: certificates) { registry in
            let builder = try ImageBuilder([[.file("a", "one")]])
            try registry.fill(builder, as: "app:1")
            let store = try ImageStore(in: registry.directory)
            let name = try registry.reference("app:1")
            let trusting = try RegistryClient.forTest(store) { configuration in
                var settings = RegistryConfiguration.Registry()
                settings.certificateAuthority = (try? contents("\(certificates.folder)/ca.pem")) ?? []
                configuration.registries[registry.authority] = settings
            }
            #expect(try await trusting.pull(name).image.id == builder.id)
            let strict = try RegistryClient.forTest(store) { configuration in
                var settings = RegistryConfiguration.Registry()
                settings.plainHTTP = false
                configuration.registries[registry.authority] = settings
            }
            #expect(
                await refusal(.unavailable) { () async throws(ImageError) in try await strict.pull(name) }?
                    .contains("tls: failed to verify certificate: x509: certificate signed by unknown authority") == true)
        }
        await certificates.remove()
    }

    // MARK: The registry

    private struct Registry {
        let directory: TemporaryDirectory
        let port: Int
        let flags: String

        var authority: String { "127.0.0.1:\(port)" }
        func reference(_ name: String) throws -> ImageReference { try ImageReference("\(authority)/\(name)") }

        func fill(_ builder: ImageBuilder, as name: String) throws {
            var builder = builder
            builder.tags = ["x:1"]
            let layout = try builder.ociLayout(at: "layout", in: directory)
            try run(
                "skopeo --insecure-policy copy --dest-tls-verify=false \(credentials("--dest-creds")) oci:\(layout) docker://\(authority)/\(name)"
            )
        }

        func inspect(_ name: String) throws -> String {
            try run("skopeo inspect --tls-verify=false \(credentials("--creds")) docker://\(authority)/\(name)")
        }

        private func credentials(_ option: String) -> String { flags.isEmpty ? "" : "\(option) \(flags)" }

        @discardableResult
        private func run(_ command: String) throws -> String {
            let result = ImageStoreTests.shell(command)
            guard result.status == 0 else { throw TestFailure("\(command): \(result.output)") }
            return result.output
        }
    }

    private func withRegistry(
        hasPasswords: Bool = false, certificates: TestCertificates? = nil, _ body: (Registry) async throws -> Void
    ) async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let port = try freePort()
        var configuration = """
            version: 0.1
            log: {accesslog: {disabled: true}, level: error}
            storage: {filesystem: {rootdirectory: \(directory.path("registry"))}}
            http:
              addr: 127.0.0.1:\(port)

            """
        if let certificates {
            configuration += "  tls: {certificate: \(certificates.folder)/server.pem, key: \(certificates.folder)/server.key}\n"
        }
        if hasPasswords {
            // mary, secret
            try directory.write("htpasswd", "mary:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n")
            configuration += "auth: {htpasswd: {realm: x, path: \(directory.path("htpasswd"))}}\n"
        }
        try directory.write("config.yml", configuration)
        let started = ImageStoreTests.shell(
            "docker-registry serve \(directory.path("config.yml")) >\(directory.path("log")) 2>&1 & echo $!")
        guard let process = Int32(started.output.split(separator: "\n").first ?? "") else { throw TestFailure(started.output) }
        defer { kill(process, SIGKILL) }
        let isUp = try await eventually { ImageStoreTests.shell("curl -sk -o /dev/null http://127.0.0.1:\(port)/").status == 0 }
        guard isUp else { throw TestFailure((try? text(directory.path("log"))) ?? "no registry") }
        try await body(Registry(directory: directory, port: port, flags: hasPasswords ? "mary:secret" : ""))
    }

    private func freePort() throws -> Int {
        // Bound and let go: nobody else takes it so soon.
        try ScriptedRegistry.freePort()
    }
}
