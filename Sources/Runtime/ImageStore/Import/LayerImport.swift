import Glibc
import LinuxSystem

/// The layers of one import: unpacks those that the store does not have, in the staging directory.
final class LayerImport {
    struct Layer {
        /// The directory in the staging directory that has `fs` and `layer.json`.
        var directory: RawPath
        var files: MergedTree.Layer
    }

    private let store: ImageStore
    private let staging: Staging
    private let progress: ImportObserver
    private var budget: UnpackBudget
    /// What has been unpacked, by chain ID.
    private(set) var staged: [Digest: Layer] = [:]

    init(store: ImageStore, staging: Staging, progress: @escaping ImportObserver) {
        self.store = store
        self.staging = staging
        self.progress = progress
        budget = UnpackBudget(store.limits)
    }

    /// Unpacks the layers of an image from the bottom up.
    func unpackMissing(of image: CollectedImage) throws(ImageError) {
        for index in image.layers.indices { try unpackMissing(index, of: image) }
    }

    /// Unpacks one layer, unless it is there; those below it have to be.
    func unpackMissing(_ index: Int, of image: CollectedImage) throws(ImageError) {
        let chainIDs = image.config.chainIDs
        let chainID = chainIDs[index]
        guard staged[chainID] == nil, try !store.layers.contains(chainID) else { return }
        var below: [MergedTree.Layer] = []
        for lower in chainIDs[..<index].reversed() {
            if let files = staged[lower]?.files { below.append(files) } else { below.append(try store.layers.files(lower)) }
        }
        let layer = Source(
            blob: image.layers[index], diffID: image.config.diffIDs[index], chainID: chainID,
            parent: index == 0 ? nil : chainIDs[index - 1], number: index + 1, count: chainIDs.count)
        staged[chainID] = try within("layer \(layer.number) of \(layer.count)") { () throws(ImageError) in
            try unpack(layer, on: MergedTree(below))
        }
    }

    private struct Source {
        var blob: Digest
        var diffID: Digest
        var chainID: Digest
        var parent: Digest?
        var number: Int
        var count: Int
    }

    private func unpack(_ layer: Source, on below: MergedTree) throws(ImageError) -> Layer {
        let name = RawPath("layer-\(layer.chainID.hex)")
        do {
            let holder = try staging.directory.makeOrOpenDirectory(name)
            let files = MergedTree.Layer(try holder.makeOrOpenDirectory("fs"))
            let before = budget
            let unpacker = LayerUnpacker(root: try files.directory.duplicate(), below: below, budget: budget) { text in
                self.tell(.note("layer \(layer.number): \(text)"), 0, nil)
            }
            budget = try run(unpacker, layer)
            let record = LayerStore.Record(
                diffID: layer.diffID, parent: layer.parent, unpackedBytes: budget.unpackedBytes - before.unpackedBytes,
                entries: budget.entries - before.entries)
            try holder.writeAtomically(record.serialized, to: "layer.json")
            return Layer(directory: name, files: files)
        } catch let error as ImageError { throw error } catch { throw ImageError(.failed, "write to ingest", cause: error) }
    }

    private func run(_ unpacker: consuming LayerUnpacker, _ layer: Source) throws(ImageError) -> UnpackBudget {
        let blob = try FileSource(staging.open(layer.blob), name: "blob \(layer.blob)") { done, total in
            self.tell(.unpacking(layer: layer.number, count: layer.count), done, total)
        }
        let stream = try DecompressedLayer(source: blob, limitBytes: store.limits.layerStreamBytes)
        let archive = unsafe try ArchiveReader(.tar, source: stream.read)
        try unpacker.begin()
        while let entry = try archive.next() { try unpacker.unpack(entry, from: archive) }
        let actual = try stream.digestOfRest()
        guard actual == layer.diffID else {
            throw .refused("digest mismatch: the config says diff ID \(layer.diffID), the layer's is \(actual)")
        }
        return try unpacker.finish()
    }

    private func tell(_ phase: ImportProgress.Phase, _ completed: Int64, _ total: Int64?) {
        progress(ImportProgress(phase: phase, completedBytes: completed, totalBytes: total))
    }
}
