internal import ImageStore
internal import Synchronization

/// What starting a container needs of its image, worked out once per image: an image never changes.
final class ImageCache: Sendable {
    private struct Entry {
        var image: ContainerSpecResolver.Image
        var users: [String: UserFacts] = [:]
    }
    private let store: ImageStore
    private let entries = Mutex<[Digest: Entry]>([:])
    /// Far more than the images of one node; then it starts anew.
    private static let capacity = 1000

    init(_ store: ImageStore) { self.store = store }

    func configuration(_ image: StoredImage) -> ContainerSpecResolver.Image {
        entries.withLock { Self.entry(image, &$0).image }
    }

    /// Reads the image's /etc/passwd and /etc/group, the first time for each user.
    func user(_ text: String, in image: StoredImage) throws(ImageError) -> UserFacts {
        if let known = entries.withLock({ Self.entry(image, &$0).users[text] }) { return known }
        let found = UserFacts(try store.resolveUser(text, in: image))
        entries.withLock { entries in
            _ = Self.entry(image, &entries)
            entries[image.id]?.users[text] = found
        }
        return found
    }

    private static func entry(_ image: StoredImage, _ entries: inout [Digest: Entry]) -> Entry {
        if let entry = entries[image.id] { return entry }
        if entries.count >= capacity { entries = [:] }
        let entry = Entry(image: ContainerSpecResolver.Image(image.config))
        entries[image.id] = entry
        return entry
    }
}

extension UserFacts {
    init(_ user: StoredUser) {
        self.init(uid: user.userID, gid: user.groupID, additionalGroups: user.additionalGroupIDs, home: user.home)
    }
}

extension ContainerSpecResolver.Image {
    init(_ config: ImageConfig) {
        self.init()
        entrypoint = config.entrypoint ?? []
        cmd = config.cmd ?? []
        environment = config.env
        workingDirectory = config.workingDir
        user = config.user
        volumes = config.volumes
        stopSignal = config.stopSignal ?? ""
    }
}
