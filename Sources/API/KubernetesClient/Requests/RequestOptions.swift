internal import APIMachinery

/// What a list or a watch is about (metav1.ListOptions).
package struct ListOptions: Hashable, Sendable {
    package var labelSelector: String?
    package var fieldSelector: String?
    package var resourceVersion: String?
    package var resourceVersionMatch: String?
    /// At most so many objects in one answer.
    package var limit: Int?
    package var `continue`: String?
    package var timeoutSeconds: Int?
    package var allowsBookmarks = false
    package var sendsInitialEvents = false

    package init() {}
    package init(_ fill: (inout Self) -> Void) {
        self.init()
        fill(&self)
    }

    var query: [APIRequest.Parameter] {
        var query: [APIRequest.Parameter] = []
        func add(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { query.append(.init(name: name, value: value)) }
        }
        add("labelSelector", labelSelector)
        add("fieldSelector", fieldSelector)
        add("resourceVersion", resourceVersion)
        add("resourceVersionMatch", resourceVersionMatch)
        add("limit", limit.map { "\($0)" })
        add("continue", `continue`)
        add("timeoutSeconds", timeoutSeconds.map { "\($0)" })
        add("allowWatchBookmarks", allowsBookmarks ? "true" : nil)
        add("sendInitialEvents", sendsInitialEvents ? "true" : nil)
        return query
    }
}

/// Of create, update and patch.
package struct WriteOptions: Hashable, Sendable {
    package var isDryRun = false
    package var fieldManager: String?
    /// Server-side apply only: takes fields over from other managers.
    package var force = false

    package init() {}
    package init(fieldManager: String) { self.fieldManager = fieldManager }

    var query: [APIRequest.Parameter] {
        var query: [APIRequest.Parameter] = []
        if isDryRun { query.append(.init(name: "dryRun", value: "All")) }
        if let fieldManager { query.append(.init(name: "fieldManager", value: fieldManager)) }
        if force { query.append(.init(name: "force", value: "true")) }
        return query
    }
}

/// How a patch's body is to be read.
package enum PatchKind: String, Sendable {
    case json = "application/json-patch+json"
    case merge = "application/merge-patch+json"
    case strategicMerge = "application/strategic-merge-patch+json"
    case apply = "application/apply-patch+yaml"
}
