import ArgumentParser
internal import APIMachinery
internal import ImageStore
internal import LinuxSystem

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Import, pull, push, list and remove images.",
        subcommands: [Import.self, Pull.self, Push.self, Ls.self, Inspect.self, Rm.self, Gc.self])
}

extension InstanceOptions {
    func openImages() throws -> ImageStore {
        try Privilege.requireRoot()
        try Files.makeDirectories(absoluteDataDirectory, mode: 0o711)
        return try ImageStore(root: "\(absoluteDataDirectory)/images", report: { Output.warn("swiftlet: \($0)") })
    }
}

extension ImageCommand {
    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Import images from a docker-archive, an oci-archive, an OCI layout, or a root file system (directory or tar).")

        @OptionGroup var instance: InstanceOptions

        @Argument(help: "File or directory.", completion: .file())
        var path: String

        @Option(name: .shortAndLong, help: "Name of the image, instead of that in the archive.")
        var tag: String?

        func run() throws {
            let store = try instance.openImages()
            let reference = try tag.map { try ImageReference($0) }
            let progress = ImportProgressLine()
            let images = try store.importImage(from: InstanceName.absolute(path), as: reference, progress: progress.show)
            progress.clear()
            for image in images {
                let name = reference ?? image.references.first
                Output.print("\(name?.familiar ?? "<none>") \(image.id) \(ByteCount.text(image.sizeBytes))")
            }
        }
    }

    struct Ls: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "ls", abstract: "List the images.")

        @OptionGroup var instance: InstanceOptions

        @Option(name: .shortAndLong, help: "table or json.")
        var output = Format.table

        @Flag(help: "Show what registries call the images: the digests of their manifests.")
        var digests = false

        enum Format: String, CaseIterable, ExpressibleByArgument { case table, json }

        func run() throws {
            let images = try instance.openImages().images()
            switch output {
            case .table:
                var table = Table(header: digests ? ["IMAGE", "DIGEST", "IMAGE ID", "SIZE"] : ["IMAGE", "IMAGE ID", "SIZE"])
                for image in images { table.rows += rows(image) }
                Output.print(table.text)
            case .json:
                Output.print(JSONValue.array(images.map(\.inspection)).serializedText(.pretty))
            }
        }

        /// A row for each name; for an image that was pulled by its digest alone, that.
        private func rows(_ image: Image) -> [[String]] {
            let end = ["\(image.id.hex.prefix(12))", ByteCount.text(image.sizeBytes)]
            if image.references.isEmpty, !image.repoDigests.isEmpty, !digests { return image.repoDigests.map { [$0.familiar] + end } }
            let names = image.references.isEmpty ? image.repoDigests : image.references
            if names.isEmpty { return [["<none>"] + (digests ? ["<none>"] : []) + end] }
            return names.map { name in
                guard digests else { return [name.familiar] + end }
                let digest = image.repoDigests.first { $0.repository == name.repository }?.digest
                let shown = name.digest == nil ? name.familiar : name.repository
                return [shown, digest.map { "\($0)" } ?? "<none>"] + end
            }
        }
    }

    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "inspect", abstract: "Print everything about an image as JSON.")

        @OptionGroup var instance: InstanceOptions

        @Argument(help: "Image: name, ID or the beginning of an ID.")
        var image: String

        func run() throws {
            guard let found = try instance.openImages().image(image) else { throw UsageError("\(ImageError.missing(image))") }
            Output.print(found.inspection.serializedText(.pretty))
        }
    }

    struct Rm: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "rm", abstract: "Remove images.")

        @OptionGroup var instance: InstanceOptions

        @Argument(help: "Images: names, IDs or beginnings of IDs.")
        var images: [String]

        @Flag(name: .shortAndLong, help: "Even when containers use it or it has several names.")
        var force = false

        func run() throws {
            let store = try instance.openImages()
            for image in images { report(try remove(image, from: store)) }
        }

        private func remove(_ image: String, from store: ImageStore) throws -> RemovalReport {
            do {
                return try store.remove(image, force: force)
            } catch {
                if error.code == .notFound { throw UsageError("\(error)") }
                throw error
            }
        }
    }

    struct Gc: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "gc", abstract: "Remove every image that no container uses, also those with a name.",
            discussion: "It asks nothing. Layers and blobs that belong to no image go as well.")

        @OptionGroup var instance: InstanceOptions

        func run() throws { report(try instance.openImages().garbageCollect(inUse: [])) }
    }
}

private func report(_ removal: RemovalReport) {
    for name in removal.untagged { Output.print("untagged \(name)") }
    for id in removal.deleted { Output.print("deleted \(id)") }
    Output.print("freed \(ByteCount.text(removal.freedBytes))")
}
