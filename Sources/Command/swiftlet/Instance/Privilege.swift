internal import Glibc

enum Privilege {
    /// - Throws: `EnvironmentError` for anybody but root: namespaces, cgroups and mounts are root's.
    static func requireRoot() throws {
        guard geteuid() == 0 else { throw EnvironmentError(problem: "must be root", mend: "run it with sudo") }
    }
}
