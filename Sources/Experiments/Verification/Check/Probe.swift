internal import Glibc
internal import LinuxSystem

/// Where `check` looks, and as whom.
package struct CheckPlace: Sendable, Hashable {
    /// Need not exist yet.
    package var dataDirectory: String
    /// As `--cgroup-root` has it; nil: found as the daemon does.
    package var cgroupRoot: String?
    package var isRoot: Bool

    package init(dataDirectory: String, cgroupRoot: String? = nil, isRoot: Bool = geteuid() == 0) {
        self.dataDirectory = dataDirectory
        self.cgroupRoot = cgroupRoot
        self.isRoot = isRoot
    }

    /// The data directory, or the nearest directory above it: the file system that it will be on.
    var storage: String {
        var path = dataDirectory
        while !Files.isDirectory(path), let slash = path.lastIndex(of: "/"), slash != path.startIndex { path = String(path[..<slash]) }
        return Files.isDirectory(path) ? path : "/"
    }
}

/// A question to the machine about one feature, or about several that are found out together.
package struct Probe: Sendable {
    package enum Answer: Sendable, Hashable {
        case yes(String)
        case poorly(String)
        case no(String)
        /// Why it could not be found out.
        case unknown(String)
    }

    package let features: [Feature]
    /// An answer for each feature, in order. Leaves nothing behind.
    package let ask: @Sendable (CheckPlace) -> [Answer]

    package init(_ features: [Feature], _ ask: @escaping @Sendable (CheckPlace) -> [Answer]) {
        self.features = features
        self.ask = ask
    }

    /// - Parameter ask: Gives what was found; an error is a no, and without root's privileges an unknown where the kernel forbade the question.
    package init(_ feature: Feature, _ ask: @escaping @Sendable (CheckPlace) throws -> Answer) {
        self.init([feature]) { place in
            do { return [try ask(place)] } catch { return [Self.answer(to: error, place)] }
        }
    }

    /// As above for what nobody but root can do.
    static func asRoot(_ feature: Feature, _ ask: @escaping @Sendable (CheckPlace) throws -> Answer) -> Probe {
        Probe(feature) { place in place.isRoot ? try ask(place) : .unknown(notRoot) }
    }

    static let notRoot = "not probed: only root can; run it with sudo"

    static func answer(to error: any Error, _ place: CheckPlace) -> Answer {
        let denied: Set<Errno> = [.notPermitted, .accessDenied]
        let errno = (error as? SystemError)?.errno ?? (error as? SpawnFailure)?.errno ?? error as? Errno
        if !place.isRoot, let errno, denied.contains(errno) { return .unknown("\(error); run it with sudo") }
        return .no("\(error)")
    }
}

extension CheckLine {
    init(_ feature: Feature, _ answer: Probe.Answer) {
        switch answer {
        case .yes(let found): self.init(feature: feature, state: .ok, found: found)
        case .poorly(let found): self.init(feature: feature, state: .warn, found: found)
        case .no(let found): self.init(feature: feature, state: feature.isRequired ? .fail : .warn, found: found)
        case .unknown(let why): self.init(feature: feature, state: .unknown, found: why)
        }
    }
}
