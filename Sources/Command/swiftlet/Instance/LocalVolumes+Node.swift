internal import Controllers
internal import ImageStore

extension LocalVolumes {
    /// Directories of this process's own node; those of other nodes are out of reach.
    ///
    /// - Parameter root: Each volume is a directory `pvc-UID` in it; nothing else is ever removed.
    static func ofNode(_ nodeName: String, root: String) -> LocalVolumes {
        LocalVolumes(root: root) { node, path in
            guard node == nodeName else { throw Failure("the directory \(path) of node \(node) can't be reached from here") }
            let parts = path.split(separator: "/")
            guard let name = parts.last, name.hasPrefix("pvc-"), path == "\(root)/\(name)" else {
                throw Failure("remove \(path): it is no directory of \(root)")
            }
            do { try TreeRemoval.remove(String(name), from: root) } catch { throw Failure("remove \(path): \(error)") }
        }
    }

    private struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }
}
