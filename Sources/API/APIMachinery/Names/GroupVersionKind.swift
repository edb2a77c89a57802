/// A kind in a version of an API group; the core group's name is empty.
package struct GroupVersionKind: Hashable, Sendable, CustomStringConvertible {
    package var group: String
    package var version: String
    package var kind: String

    package init(group: String, version: String, kind: String) {
        self.group = group
        self.version = version
        self.kind = kind
    }

    /// - Parameter apiVersion: `GROUP/VERSION`, or `VERSION` alone for the core group.
    package init(apiVersion: String, kind: String) {
        let slash = apiVersion.firstIndex(of: "/")
        self.init(
            group: slash.map { String(apiVersion[..<$0]) } ?? "",
            version: slash.map { String(apiVersion[apiVersion.index(after: $0)...]) } ?? apiVersion, kind: kind)
    }

    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
    package var description: String { "\(apiVersion) \(kind)" }
}
