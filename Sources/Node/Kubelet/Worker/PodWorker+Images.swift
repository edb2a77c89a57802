internal import APIMachinery
internal import CRI
internal import KubernetesAPI

extension PodWorker {
    /// Finds or pulls the container's image, and those of its image volumes.
    ///
    /// - Throws: `interrupted`, too.
    mutating func ensureImage(_ container: Container) async throws(StartFailure) -> Image {
        for mount in container.volumeMounts {
            guard let source = entry.pod.spec.volumes.first(where: { $0.name == mount.name })?.image else { continue }
            let policy = source.pullPolicy.flatMap { PullPolicy(rawValue: $0) }
            _ = try await ensure(source.reference ?? "", policy ?? .ifNotPresent, container.name)
        }
        return try await ensure(container.image ?? "", PullPolicy(container), container.name)
    }

    private mutating func ensure(_ reference: String, _ policy: PullPolicy, _ container: String) async throws(StartFailure) -> Image {
        let present: Image?
        do {
            present = try await node.images.imageStatus(ImageSpec(image: reference))
        } catch {
            let message = "Failed to inspect image \"\(reference)\": \(error)"
            send(.warning, "InspectFailed", message, container: container)
            throw failed("ImageInspectError", message, container)
        }
        switch (policy, present) {
        case (.never, nil):
            let message = "Container image \"\(reference)\" is not present with pull policy of Never"
            send(.warning, "ErrImageNeverPull", message, container: container)
            throw failed("ErrImageNeverPull", message, container)
        case (.never, let image?), (.ifNotPresent, let image?):
            sayPresent(reference, container)
            return image
        case (.ifNotPresent, nil), (.always, _):
            return try await pull(reference, present, container)
        }
    }

    private func sayPresent(_ reference: String, _ container: String) {
        let message = "Container image \"\(reference)\" already present on machine and can be accessed by the pod"
        send(.normal, "Pulled", message, container: container)
    }

    private mutating func pull(_ reference: String, _ present: Image?, _ container: String) async throws(StartFailure) -> Image {
        let now = node.clock.wallTime
        if let end = pullBackoff.endSinceAdvance(reference, now: now) {
            send(.normal, "BackOff", "Back-off pulling image \"\(reference)\"", container: container)
            look(at: end)
            let former = pullFailures[reference].map { ": \($0)" } ?? ""
            throw failed("ImagePullBackOff", "Back-off pulling image \"\(reference)\"\(former)", container)
        }
        send(.normal, "Pulling", "Pulling image \"\(reference)\"", container: container)
        let begin = node.clock.now
        let images = node.images
        let outcome = await node.background.run(until: entry.interrupt) { () async -> Result<Image?, RuntimeError> in
            do throws(RuntimeError) {
                let id = try await images.pullImage(ImageSpec(image: reference))
                return .success(try await images.imageStatus(ImageSpec(image: id)))
            } catch {
                return .failure(error)
            }
        }
        guard let outcome else { throw .interrupted }
        switch outcome {
        case .success(let image?):
            pullFailures[reference] = nil
            pullBackoff.reset(reference)
            sayPulled(reference, image, node.clock.now - begin, container)
            return image
        case .success(nil):
            throw pullFailed(reference, "the image is not there after the pull", container)
        case .failure(let error):
            // Without a way to pull at all, what is there is as new as it can be, where only the tag asks for a pull; but nobody shall take
            // it for pulled. Who says Always himself is told no.
            if error.code == .unimplemented, let present, PullPolicy.default(image: reference) == .always {
                let message = "Container image \"\(reference)\" is not pulled: \(error); the image present on machine is used"
                send(.normal, "NotPulled", message, container: container)
                return present
            }
            let hint =
                error.code == .unimplemented && present != nil ? ", or use the image that is present: imagePullPolicy: IfNotPresent" : ""
            throw pullFailed(reference, error.description + hint, container)
        }
    }

    private func sayPulled(_ reference: String, _ image: Image, _ duration: Duration, _ container: String) {
        let text = duration.goMillisecondsText
        send(
            .normal, "Pulled",
            "Successfully pulled image \"\(reference)\" in \(text) (\(text) including waiting). Image size: \(image.size) bytes.",
            container: container)
    }

    private mutating func pullFailed(_ reference: String, _ cause: String, _ container: String) -> StartFailure {
        send(.warning, "Failed", "Failed to pull image \"\(reference)\": \(cause)", container: container)
        let now = node.clock.wallTime
        pullBackoff.advance(reference, after: now, now: now)
        let failure = failed("ErrImagePull", cause, container)
        pullFailures[reference] = failure
        look(after: .seconds(1))
        return failure
    }

    private func failed(_ reason: String, _ message: String, _ container: String) -> StartFailure {
        send(.warning, "Failed", "Error: \(reason)", container: container)
        return StartFailure(reason, message)
    }
}
