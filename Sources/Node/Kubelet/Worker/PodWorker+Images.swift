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
        let name = try parse(reference, container)
        switch ImageDecision(reference, policy, present: try await look(for: reference, container)) {
        case .use(let image):
            sayPresent(reference, container)
            return image
        case .useImported(let image):
            let message =
                "Container image \"\(reference)\" is not pulled: it was imported on this machine, and only its tag asks for a pull; "
                + "the image present on machine is used"
            send(.normal, "NotPulled", message, container: container)
            return image
        case .absent:
            let message = "Container image \"\(reference)\" is not present with pull policy of Never"
            send(.warning, "ErrImageNeverPull", message, container: container)
            throw failed("ErrImageNeverPull", message, container)
        case .pull:
            return try await pull(reference, name, container)
        }
    }

    private func parse(_ reference: String, _ container: String) throws(StartFailure) -> ImageName {
        do { return try ImageName(reference) } catch {
            let message = "Failed to apply default image tag \"\(reference)\": couldn't parse image name \"\(reference)\": \(error)"
            send(.warning, "InspectFailed", message, container: container)
            throw failed("InvalidImageName", message, container)
        }
    }

    private func look(for reference: String, _ container: String) async throws(StartFailure) -> Image? {
        do { return try await node.images.imageStatus(ImageSpec(image: reference)) } catch {
            let message = "Failed to inspect image \"\(reference)\": \(error)"
            send(.warning, "InspectFailed", message, container: container)
            throw failed("ImageInspectError", message, container)
        }
    }

    private func sayPresent(_ reference: String, _ container: String) {
        let message = "Container image \"\(reference)\" already present on machine and can be accessed by the pod"
        send(.normal, "Pulled", message, container: container)
    }

    // MARK: Pulling

    private mutating func pull(_ reference: String, _ name: ImageName, _ container: String) async throws(StartFailure) -> Image {
        let now = node.clock.wallTime
        if let end = pullBackoff.endSinceAdvance(reference, now: now) {
            send(.normal, "BackOff", "Back-off pulling image \"\(reference)\"", container: container)
            look(at: end)
            entry.steps.addWait(
                PodStep(
                    .pullBackOff, container: container, begin: end - pullBackoff.delay(reference), end: end, detail: reference))
            let former = pullFailures[reference].map { ": \($0)" } ?? ""
            throw failed("ImagePullBackOff", "Back-off pulling image \"\(reference)\"\(former)", container)
        }
        let credentials = try await credentials(for: name)
        send(.normal, "Pulling", "Pulling image \"\(reference)\"", container: container)
        let begin = node.clock.now
        let puller = node.puller
        guard let outcome = await node.background.run(until: entry.interrupt, { await puller.pull(reference, credentials) }) else {
            throw .interrupted
        }
        switch outcome {
        case .success(let pulled):
            pullFailures[reference] = nil
            pullBackoff.reset(reference)
            sayPulled(reference, pulled, node.clock.now - begin, container)
            return pulled.image
        case .failure(let error):
            throw pullFailed(reference, error.description, container)
        }
    }

    private func credentials(for name: ImageName) async throws(StartFailure) -> [AuthConfig] {
        let found = try await PullCredentials(entry.pod, objects: node.objects, node: node.configuration.imageCredentials())
        if !found.missing.isEmpty {
            let names = found.missing.joined(separator: ", ")
            send(
                .warning, "FailedToRetrieveImagePullSecret",
                "Unable to retrieve some image pull secrets (\(names)); attempting to pull the image may not succeed.")
        }
        return found.credentials(for: name.repository)
    }

    private func sayPulled(_ reference: String, _ pulled: ImagePuller.Pulled, _ whole: Duration, _ container: String) {
        send(
            .normal, "Pulled",
            "Successfully pulled image \"\(reference)\" in \(pulled.duration.goMillisecondsText) (\(whole.goMillisecondsText) including "
                + "waiting). Image size: \(pulled.image.size) bytes.",
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
