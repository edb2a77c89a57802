package import APIMachinery
package import KubernetesAPI

/// Fields that Kubernetes knows and that this program does not act on. None is dropped in silence.
package enum UnsupportedFields {
    package struct Finding: Sendable, Hashable, CustomStringConvertible {
        package var path: FieldPath
        /// What does not happen.
        package var what: String
        /// The pod can never run.
        package var isImpossible = false
        package var description: String { "\(path): not supported: \(what)" }
    }

    /// In the order of the pod's fields. What ``FieldTable`` knows of each field decides; a field that it lacks is one.
    ///
    /// - Parameter hasAPI: There is an API server, and with it those who do what the node does not.
    package static func find(in pod: Pod, hasAPI: Bool = false) -> [Finding] {
        var search = Search(hasAPI: hasAPI)
        search.visit(pod.spec.json, "PodSpec", FieldPath("spec"))
        return search.findings
    }
}

private struct Search {
    let hasAPI: Bool
    var findings: [UnsupportedFields.Finding] = []

    init(hasAPI: Bool) { self.hasAPI = hasAPI }

    /// - Parameter type: Of the value, or of a list's or map's elements.
    mutating func visit(_ value: JSONValue, _ type: String, _ path: FieldPath) {
        switch value {
        case .array(let elements):
            for (index, element) in elements.enumerated() { visit(element, type, path.index(index)) }
        case .object(let object):
            let fields = FieldTable.types[type]?.fields ?? [:]
            for member in object.members { visit(member, of: object, fields[member.key], path.child(member.key)) }
        default: break
        }
    }

    private mutating func visit(_ member: JSONObject.Member, of object: JSONObject, _ support: FieldSupport?, _ path: FieldPath) {
        switch support {
        case .acts, .needless: break
        case .members(let type): visit(member.value, type, path)
        case .missing(let what, let isWanted):
            if isWanted.holds(member.value, in: object) { report(path, what) }
        case .missingAlone(let what, let isWanted):
            if !hasAPI, isWanted.holds(member.value, in: object) { report(path, what) }
        case .missingKeys(let what):
            for entry in member.value.objectValue?.members ?? [] {
                if let what = what(entry.key) { report(path.key(entry.key), what) }
            }
        case .impossible(let what): report(path, what, isImpossible: true)
        case nil: report(path, "it is not known here")
        }
    }

    private mutating func report(_ path: FieldPath, _ what: String, isImpossible: Bool = false) {
        findings.append(.init(path: path, what: what, isImpossible: isImpossible))
    }
}
