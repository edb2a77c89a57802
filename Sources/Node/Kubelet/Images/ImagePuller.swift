internal import APIMachinery
internal import CRI

/// Pulls images for all pods of the node: so many at once, the others in line.
final class ImagePuller: Sendable {
    struct Pulled: Sendable {
        var image: Image
        /// Without the time in line.
        var duration: Duration
    }

    private let images: any ImageService
    private let clock: any TimeSource
    /// nil: as many as want to.
    private let slots: AsyncSemaphore?

    init(_ images: any ImageService, _ configuration: KubeletConfiguration, _ clock: any TimeSource) {
        self.images = images
        self.clock = clock
        let limit = configuration.serializeImagePulls ? 1 : configuration.maxParallelImagePulls
        slots = limit.map { AsyncSemaphore(max(1, $0)) }
    }

    /// - Parameter credentials: Tried one after the other until one opens the registry; none: without.
    func pull(_ reference: String, _ credentials: [AuthConfig]) async -> Result<Pulled, RuntimeError> {
        guard let slots else { return await pullNow(reference, credentials) }
        return await slots.run { () async -> Result<Pulled, RuntimeError> in await pullNow(reference, credentials) }
    }

    private func pullNow(_ reference: String, _ credentials: [AuthConfig]) async -> Result<Pulled, RuntimeError> {
        let begin = clock.now
        var errors: [RuntimeError] = []
        for credential in credentials.isEmpty ? [nil] : credentials.map(Optional.some) {
            do throws(RuntimeError) {
                let id = try await images.pullImage(ImageSpec(image: reference), auth: credential)
                guard let image = try await images.imageStatus(ImageSpec(image: id)) else {
                    return .failure(RuntimeError(.notFound, "the image is not there after the pull"))
                }
                return .success(Pulled(image: image, duration: clock.now - begin))
            } catch { errors.append(error) }
        }
        return .failure(Self.aggregate(errors))
    }

    /// As apimachinery's `NewAggregate` prints errors: one as it stands, several in brackets, equal ones once.
    static func aggregate(_ errors: [RuntimeError]) -> RuntimeError {
        var texts: [String] = []
        for error in errors where !texts.contains(error.description) { texts.append(error.description) }
        guard texts.count > 1, let last = errors.last else { return errors.first ?? RuntimeError(.failed, "nothing was tried") }
        return RuntimeError(last.code, "[\(texts.joined(separator: ", "))]")
    }
}
