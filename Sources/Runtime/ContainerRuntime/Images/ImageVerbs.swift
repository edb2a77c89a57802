package import CRI
internal import Glibc
package import ImageStore
internal import LinuxSystem

extension NativeRuntime {
    package func listImages() async throws(RuntimeError) -> [CRI.Image] {
        try await verb("list images") { try await blocking { [images] in try images.images().map { CRI.Image($0) } } }
    }

    package func imageStatus(_ spec: ImageSpec) async throws(RuntimeError) -> CRI.Image? {
        try await verb("look for image \(spec.image)") {
            try await blocking { [images] in try images.image(spec.image).map { CRI.Image($0) } }
        }
    }

    /// Its errors are those of the registry client as they stand: they end up in pods' statuses.
    package func pullImage(_ spec: ImageSpec, auth: AuthConfig?) async throws(RuntimeError) -> String {
        do {
            let reference = try ImageReference(spec.image)
            return try await registryClient.pull(reference, credential: auth.flatMap { RegistryCredential($0) }).image.id.description
        } catch { throw RuntimeError(error) }
    }

    package func removeImage(_ spec: ImageSpec) async throws(RuntimeError) {
        try await verb("remove image \(spec.image)") {
            try await blocking { [images] in
                // The whole image with all its names (CRI, RemoveImage); none is fine.
                guard let image = try images.image(spec.image) else { return }
                try images.remove(image.id.description, force: true)
            }
        }
    }

    package func imageFsInfo() async throws(RuntimeError) -> [FilesystemUsage] {
        try await verb("measure the image store") {
            try await blocking { [images] in
                var status = statvfs()
                guard unsafe statvfs(images.root, &status) == 0 else { throw SystemError("statvfs \(images.root)", .current) }
                let used = UInt64(status.f_blocks - status.f_bfree) * UInt64(status.f_frsize)
                var usage = FilesystemUsage(
                    timestamp: KernelClock.realtimeNanoseconds, mountpoint: images.root, usedBytes: used,
                    inodesUsed: UInt64(status.f_files - status.f_ffree))
                usage.capacityBytes = UInt64(status.f_blocks) * UInt64(status.f_frsize)
                usage.availableBytes = UInt64(status.f_bavail) * UInt64(status.f_frsize)
                return [usage]
            }
        }
    }
}

extension RegistryCredential {
    /// - Returns: nil when there is nothing to show.
    package init?(_ auth: AuthConfig) {
        if !auth.registryToken.isEmpty {
            self = .bearerToken(auth.registryToken)
        } else if !auth.identityToken.isEmpty {
            self = .identityToken(auth.identityToken)
        } else if !auth.username.isEmpty || !auth.password.isEmpty {
            self = .password(user: auth.username, auth.password)
        } else {
            return nil
        }
    }
}

extension CRI.Image {
    init(_ image: StoredImage) {
        // A size of 0 would mean that the image is not there (CRI, Image.size).
        self.init(id: image.id.description, size: UInt64(max(1, image.sizeBytes)))
        repoTags = image.references.map(\.description)
        repoDigests = image.repoDigests.map(\.description)
        isImported = image.origin == .archive
        let user = image.config.user.prefix { $0 != ":" }
        if let number = Int64(user), number >= 0 { uid = number } else { username = String(user) }
    }
}
