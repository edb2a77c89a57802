internal import APIMachinery
internal import KubernetesAPI

extension FuzzTarget {
    static func jsonPatch(_ bytes: [UInt8]) {
        guard let (document, patch) = pair(bytes), let operations = try? JSONPatch(patch) else { return }
        guard let result = try? operations.applied(to: document, maxCopiedBytes: 1 << 20) else { return }
        checkReadable(result)
    }

    /// Applied twice it is as applied once (RFC 7396).
    static func mergePatch(_ bytes: [UInt8]) {
        guard let (document, patch) = pair(bytes) else { return }
        let once = document.merging(patch)
        precondition(once.merging(patch) == once, "a merge patch does more the second time")
        checkReadable(once)
    }

    static func strategicPatch(_ bytes: [UInt8]) {
        guard let (document, patch) = pair(bytes) else { return }
        for type in ["core/v1.Pod", "core/v1.Service", "apps/v1.Deployment"] {
            guard let result = try? StrategicMergePatch().apply(patch, to: document, type: type) else { continue }
            checkReadable(result)
        }
    }

    /// `[DOCUMENT, PATCH]`
    private static func pair(_ bytes: [UInt8]) -> (JSONValue, JSONValue)? {
        guard let elements = (try? JSONValue(parsing: bytes))?.arrayValue, elements.count == 2 else { return nil }
        return (elements[0], elements[1])
    }

    /// What a patch makes must be no deeper than what a client may send: everything behind it walks it by recursion.
    private static func checkReadable(_ value: JSONValue) {
        precondition((try? JSONValue(parsing: value.serialized())) == value, "the result of a patch cannot be read")
    }
}
