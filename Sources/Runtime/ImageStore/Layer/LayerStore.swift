import APIMachinery
import Glibc
import LinuxSystem

/// Unpacked layers by chain ID: `ROOT/layers/HEX/fs`, with `layer.json` beside it. A layer is unpacked elsewhere and moved
/// here when it is whole and on disk, so what stands here is complete.
struct LayerStore: ~Copyable, Sendable {
    private let layers: Directory
    /// The absolute path of `ROOT/layers`.
    let path: String

    init(root: borrowing Directory, rootPath: String) throws(Errno) {
        let layers = try root.makeOrOpenDirectory("layers")
        _ = try layers.makeOrOpenDirectory(RawPath(Self.emptyName))
        self.layers = layers
        path = "\(rootPath)/layers"
    }

    /// An empty directory beside the layers: an overlay needs a lower layer even for an image that has none.
    static let emptyName = "empty"

    /// What is told of a layer beside its files.
    struct Record {
        var diffID: Digest
        /// The chain ID of the layer below.
        var parent: Digest?
        /// Bytes of its files.
        var unpackedBytes: Int64
        var entries: Int
    }

    /// The absolute path of the layer's files.
    func filesPath(_ chainID: Digest) -> String { "\(path)/\(chainID.hex)/fs" }

    func contains(_ chainID: Digest) throws(ImageError) -> Bool {
        do { return try layers.statusIfExists(RawPath(chainID.hex)) != nil } catch {
            throw .failed("look for layer \(chainID)", error)
        }
    }

    func files(_ chainID: Digest) throws(ImageError) -> MergedTree.Layer {
        do { return MergedTree.Layer(try layers.directory(beneath: RawPath("\(chainID.hex)/fs"))) } catch {
            throw .failed("open layer \(chainID)", error)
        }
    }

    func record(_ chainID: Digest) throws(ImageError) -> Record {
        let bytes: [UInt8]?
        do { bytes = try layers.directory(named: RawPath(chainID.hex)).contents(of: "layer.json", limit: 1 << 16) } catch {
            throw .failed("read layer.json of layer \(chainID)", error)
        }
        return try Record(parsing: bytes ?? [])
    }

    /// Moves a complete layer, with its `layer.json`, into the store.
    func publish(_ name: RawPath, from staging: borrowing Directory, as chainID: Digest) throws(ImageError) {
        do {
            if try layers.statusIfExists(RawPath(chainID.hex)) == nil {
                try staging.rename(name, to: layers, as: RawPath(chainID.hex))
            }
        } catch { throw .failed("store layer \(chainID)", error) }
    }

    func sync() throws(ImageError) {
        do { try layers.sync() } catch { throw .failed("sync the layer directory", error) }
    }

    func chainIDs() throws(ImageError) -> [Digest] {
        do { return try layers.names().compactMap { try? Digest(hex: $0.description) } } catch {
            throw .failed("list layers", error)
        }
    }

    /// Takes a layer out of the store at once; its files are removed by whoever empties `trash`.
    func discard(_ chainID: Digest, into trash: borrowing Directory, as name: RawPath) throws(ImageError) {
        do { try layers.rename(RawPath(chainID.hex), to: trash, as: name) } catch {
            if error != .noSuchFile { throw .failed("remove layer \(chainID)", error) }
        }
    }
}

extension LayerStore.Record {
    init(parsing bytes: [UInt8]) throws(ImageError) {
        let document = try MetadataField(parsing: bytes, name: "layer.json")
        diffID = try document.required("diffID").digest
        parent = try document.member("parent")?.digest
        unpackedBytes = try document.required("unpackedBytes").size
        entries = Int(try document.required("entries").size)
    }

    var serialized: [UInt8] {
        var json: JSONValue = [
            "diffID": .string(diffID.description), "unpackedBytes": .integer(unpackedBytes), "entries": .integer(Int64(entries)),
        ]
        json["parent"] = parent.map { .string($0.description) }
        return json.serialized()
    }
}
