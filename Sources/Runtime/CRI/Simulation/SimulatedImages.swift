import Synchronization

/// An image store without images: it has what it is told it has.
package final class SimulatedImages: ImageService {
    private struct State {
        var images: [String: Image] = [:]
        var pulls: [String] = []
        var credentials: [AuthConfig?] = []
    }
    private let state: Mutex<State>
    private let clock: SimulatedClock
    /// What pulling a reference does: nil = it works, else the failure.
    private let pullFailure: @Sendable (String) -> String?
    private let pullDuration: Duration

    package init(
        clock: SimulatedClock, present: [Image] = [], pullDuration: Duration = .zero,
        pullFailure: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.clock = clock
        self.pullDuration = pullDuration
        self.pullFailure = pullFailure
        var state = State()
        for image in present { for name in image.repoTags + image.repoDigests + [image.id] { state.images[name] = image } }
        self.state = Mutex(state)
    }

    /// References pulled so far, in order.
    package var pulls: [String] { state.withLock { $0.pulls } }

    /// What each of these pulls was given.
    package var credentials: [AuthConfig?] { state.withLock { $0.credentials } }

    package func listImages() async throws(RuntimeError) -> [Image] {
        state.withLock { Set($0.images.values) }.sorted { $0.id < $1.id }
    }

    package func imageStatus(_ spec: ImageSpec) async throws(RuntimeError) -> Image? {
        state.withLock { $0.images[spec.image] }
    }

    package func pullImage(_ spec: ImageSpec, auth: AuthConfig?) async throws(RuntimeError) -> String {
        state.withLock {
            $0.pulls.append(spec.image)
            $0.credentials.append(auth)
        }
        let over = OneShot<Void>()
        clock.schedule(at: clock.elapsed + pullDuration) { over.set(()) }
        await over.wait()
        if let failure = pullFailure(spec.image) { throw RuntimeError(.failed, failure) }
        return state.withLock { state in
            var image = state.images[spec.image] ?? Image(id: "sha256:\(spec.image)", size: 1_000)
            image.repoTags = [spec.image]
            for name in [spec.image, image.id] { state.images[name] = image }
            return image.id
        }
    }

    package func removeImage(_ spec: ImageSpec) async throws(RuntimeError) {
        state.withLock { state in
            guard let image = state.images[spec.image] else { return }
            state.images = state.images.filter { $0.value.id != image.id }
        }
    }

    package func imageFsInfo() async throws(RuntimeError) -> [FilesystemUsage] { [] }
}
