internal import CRI

/// What a container's start needs of an image, decided from the policy and what is there.
enum ImageDecision: Hashable {
    case use(Image)
    /// The image came from this machine, and only its tag asks for a pull: no registry is asked, and everybody is told.
    case useImported(Image)
    case pull
    case absent

    init(_ reference: String, _ policy: PullPolicy, present: Image?) {
        switch (policy, present) {
        case (.never, nil): self = .absent
        case (.never, let image?), (.ifNotPresent, let image?): self = .use(image)
        case (.always, let image?) where image.isImported && PullPolicy.default(image: reference) == .always: self = .useImported(image)
        case (.ifNotPresent, nil), (.always, _): self = .pull
        }
    }
}
