import APIMachinery
import Glibc
internal import HTTPClient
import LinuxSystem

/// Images from and to registries that speak the OCI distribution protocol (v2). One per image store and process: pulls that need the
/// same layer share it.
package final class RegistryClient: Sendable {
    let store: ImageStore
    let connector: RegistryConnector
    let tokens: TokenCache
    let downloads: BlobDownloads
    /// Pulls write to disk and unpack on threads of their own.
    let executor: BlockingExecutor
    /// Unpacking is work for a processor, and holds a thread.
    let unpacking = AsyncSemaphore(2)

    package init(
        store: ImageStore, configuration: RegistryConfiguration = RegistryConfiguration(), clock: any TimeSource = MachineTime()
    ) throws(ImageError) {
        self.store = store
        connector = RegistryConnector(configuration, clock: clock)
        tokens = TokenCache(clock)
        do { executor = try BlockingExecutor(threads: 8) } catch { throw ImageError(.failed, "start threads for pulls", cause: error) }
        downloads = try BlobDownloads(root: store.directory, connector, executor)
    }

    /// Brings an image into the store, or finds that what is there is what the registry has.
    ///
    /// - Parameters:
    ///   - platform: `linux/arm64`; nil: this machine's.
    ///   - progress: Called from any thread.
    /// - Returns: The image; `isNew` when something had to be fetched.
    /// - Throws: containerd's words where it has some: `failed to pull and unpack image "…": …`.
    package func pull(
        _ reference: ImageReference, credential: RegistryCredential? = nil, platform: Platform? = nil,
        progress: @escaping ImageObserver = { _ in }
    ) async throws(ImageError) -> (image: Image, isNew: Bool) {
        // A digest says it all: the tag beside it is not looked at, and not given to the image (as containerd has it).
        let reference = reference.digest.map { reference.pinned(to: $0) } ?? reference
        let pull = ImagePull(
            client: self, reference: reference, platform: platform, sessions: sessions(reference, credential, actions: "pull"),
            progress: PullProgress(progress))
        do throws(ImageError) {
            return try await withTaskExecutorPreference(executor) { () async throws(ImageError) in try await pull.run() }
        } catch { throw ImageError(error.code, "failed to pull and unpack image \(quoted("\(reference)"))", cause: error) }
    }

    func sessions(_ reference: ImageReference, _ credential: RegistryCredential?, actions: String) -> [RegistrySession] {
        let all = RegistryEndpoint.all(for: reference.domain, connector.configuration)
        return (actions == "pull" ? all : all.filter { $0.mirrorOf == nil }).map { endpoint in
            // A credential is for the registry that was named. A mirror has its own rules, and is asked without.
            RegistrySession(
                connector: connector, tokens: tokens, endpoint: endpoint, repository: reference.path,
                credential: endpoint.mirrorOf == nil ? credential : nil, actions: actions)
        }
    }
}
