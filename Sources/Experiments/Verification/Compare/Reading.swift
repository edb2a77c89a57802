/// What the kernel says of one thing.
package enum Reading: Sendable, Hashable {
    case value(String)
    /// Order does not count.
    case list([String])
    /// It is not there, which is an answer too.
    case absent
    /// It can't be in force on this machine: why.
    case unenforceable(String)
    /// It could not be read: why.
    case unreadable(String)

    package var text: String {
        switch self {
        case .value(let text): text.isEmpty ? "\"\"" : text
        case .list(let members): members.isEmpty ? "none" : members.joined(separator: ", ")
        case .absent: "absent"
        case .unenforceable(let why): "not enforced: \(why)"
        case .unreadable(let why): "unreadable: \(why)"
        }
    }
}

/// A reading, and the file or call that gave it.
package struct Finding: Sendable, Hashable {
    package var reading: Reading
    package var place: String

    package init(_ reading: Reading, at place: String) {
        self.reading = reading
        self.place = place
    }
}

/// Everything that was read, by its path in the tree: `web/cgroup/memory.max`, `web/mounts[/data]/access`, `pod/network/addresses[eth0]`.
package struct Findings: Sendable, Hashable {
    package private(set) var all: [String: Finding] = [:]
    package init() {}

    package subscript(path: String) -> Finding? {
        get { all[path] }
        set { all[path] = newValue }
    }

    mutating func set(_ path: String, _ value: String, at place: String) { all[path] = Finding(.value(value), at: place) }
    mutating func set(_ path: String, list: [String], at place: String) { all[path] = Finding(.list(list), at: place) }
    mutating func fail(_ path: String, _ error: any Error, at place: String) { all[path] = Finding(.unreadable("\(error)"), at: place) }

    mutating func merge(_ other: Findings) { all.merge(other.all) { _, new in new } }

    /// Why a whole part of the tree was not read: `web/process`, `web/cgroup`. Everything of a container stands and falls with its process.
    func failure(above path: String) -> Finding? {
        guard let container = path.split(separator: "/").first else { return nil }
        let parts = path.hasPrefix("\(container)/cgroup/") ? ["\(container)/cgroup"] : ["\(container)/process"]
        return parts.lazy.compactMap { all[$0] }.first
    }

    /// Every path, in order.
    package var paths: [String] { all.keys.sorted() }
}
