extension JSONValue {
    /// Applies a merge patch, RFC 7386: members of objects are merged, null removes, all else replaces.
    package func merging(_ patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var object = JSONObject()
        if case .object(let current) = self { object = current }
        for change in changes.members {
            if case .null = change.value {
                object[change.key] = nil
            } else {
                object[change.key] = (object[change.key] ?? .null).merging(change.value)
            }
        }
        return .object(object)
    }
}
