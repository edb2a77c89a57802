import ArgumentParser
internal import APIMachinery
internal import CRI
internal import ContainerRuntime
internal import ImageStore
internal import Kubelet

/// What pull and push need to reach a registry.
struct RegistryAccess: ParsableArguments {
    @OptionGroup var registries: RegistryOptions

    @Option(
        help:
            "USER:PASSWORD for the registry, instead of what the file of credentials has; - reads one line of stdin, which does not show in ps."
    )
    var creds: String?

    func client(_ store: ImageStore, _ instance: InstanceOptions) throws -> RegistryClient {
        let configuration = try registries.files.configuration(dataDirectory: instance.absoluteDataDirectory)
        return try RegistryClient(store: store, configuration: configuration)
    }

    /// Runs `body` with each credential that may open the registry, until one does.
    func tryCredentials<Value>(
        for reference: ImageReference, _ instance: InstanceOptions, _ body: (RegistryCredential?) async throws(ImageError) -> Value
    ) async throws -> Value {
        var candidates = try credentials(for: reference, instance)
        while candidates.count > 1 {
            do throws(ImageError) { return try await body(candidates.removeFirst()) } catch { if error.code != .denied { throw error } }
        }
        return try await body(candidates.first)
    }

    private func credentials(for reference: ImageReference, _ instance: InstanceOptions) throws -> [RegistryCredential] {
        guard let creds else {
            let file = registries.files.credentials(dataDirectory: instance.absoluteDataDirectory)
            return file.keyring.credentials(for: reference.repository).compactMap { RegistryCredential($0) }
        }
        let text = creds == "-" ? readLine(strippingNewline: true) ?? "" : creds
        guard let colon = text.firstIndex(of: ":"), colon > text.startIndex else { throw UsageError("--creds: USER:PASSWORD expected") }
        return [.password(user: String(text[..<colon]), String(text[text.index(after: colon)...]))]
    }

    static func reference(_ text: String) throws -> ImageReference {
        do { return try ImageReference(text) } catch { throw UsageError("\(error)") }
    }
}

extension ImageCommand {
    struct Pull: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pull", abstract: "Pull an image from a registry.",
            discussion: """
                Layers that are there already are not fetched again, and a pull that was broken off is gone on with. A registry on the \
                loopback is asked in plain HTTP, any other with TLS, unless --registry-config says otherwise. HTTPS_PROXY and NO_PROXY hold.
                """)

        @OptionGroup var instance: InstanceOptions

        @OptionGroup var access: RegistryAccess

        @Option(help: "Platform of the image, OS/ARCH or OS/ARCH/VARIANT (default: this machine's).")
        var platform: String?

        @Argument(help: "Image: busybox, registry.example.com/team/app:1, or with a digest.")
        var image: String

        func run() async throws {
            let reference = try RegistryAccess.reference(image)
            let wanted = try platform.map { text in
                guard let platform = Platform(text) else { throw UsageError("--platform \(text): OS/ARCH or OS/ARCH/VARIANT expected") }
                return platform
            }
            let store = try instance.openImages()
            let client = try access.client(store, instance)
            let line = ImportProgressLine()
            let (pulled, isNew) = try await access.tryCredentials(for: reference, instance) { (credential) async throws(ImageError) in
                defer { line.clear() }
                return try await client.pull(reference, credential: credential, platform: wanted, progress: line.show)
            }
            if !isNew { Output.warn("\(reference.familiar) is up to date") }
            Output.print("\(reference.familiar) \(pulled.id) \(ByteCount.text(pulled.sizeBytes))")
        }
    }

    struct Push: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "push", abstract: "Push an image to a registry.", discussion: "Layers that the registry has are not sent again.")

        @OptionGroup var instance: InstanceOptions

        @OptionGroup var access: RegistryAccess

        @Argument(help: "Image: name, ID or the beginning of an ID.")
        var image: String

        @Argument(help: "Where to (default: the image's own name).")
        var destination: String?

        func run() async throws {
            let reference = try RegistryAccess.reference(destination ?? image)
            let store = try instance.openImages()
            guard try store.image(image) != nil else { throw UsageError("\(ImageError.missing(image))") }
            let client = try access.client(store, instance)
            let line = ImportProgressLine()
            let digest = try await access.tryCredentials(for: reference, instance) { (credential) async throws(ImageError) in
                defer { line.clear() }
                return try await client.push(image, to: reference, credential: credential, progress: line.show)
            }
            Output.print("\(reference.familiar) \(digest)")
        }
    }
}
