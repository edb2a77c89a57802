internal import LinuxSystem

extension NativeRuntime {
    /// Puts what cannot be read out of the way, into `damaged/`, and says so: the rest goes on without it.
    ///
    /// - Parameters:
    ///   - name: What it is called there. One of an earlier time with this name goes.
    ///   - consequence: What is lost with it.
    func setAside(_ path: String, as name: String, _ reason: any Error, _ consequence: String) {
        configuration.report("\(path): \(reason): \(consequence); it is kept as \(layout.damaged)/\(name)")
        do {
            try Files.makeDirectories(layout.damaged, mode: 0o700)
            try StateFiles.remove("\(layout.damaged)/\(name)")
            try StateFiles.move(path, to: "\(layout.damaged)/\(name)")
        } catch {
            configuration.report("set \(path) aside: \(error)")
        }
    }

    /// Does one of several things that do not depend on each other: its failure is reported and stops nothing else.
    func attempt(_ what: String, _ body: () throws -> [String]) -> [String] {
        do {
            return try body()
        } catch {
            configuration.report("\(what): \(error)")
            return []
        }
    }
}

/// Something in the run directory that is not what its place says.
struct NotARecord: Error, CustomStringConvertible {
    var description: String
}
