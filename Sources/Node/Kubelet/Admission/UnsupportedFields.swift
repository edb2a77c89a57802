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
    /// - Parameter isInCluster: There is an API server to take things from.
    package static func find(in pod: Pod, isInCluster: Bool = false) -> [Finding] {
        var search = Search(isInCluster: isInCluster)
        search.visit(pod.spec.json, "PodSpec", FieldPath("spec"))
        return search.findings
    }
}

private struct Search {
    let isInCluster: Bool
    var findings: [UnsupportedFields.Finding] = []

    init(isInCluster: Bool) { self.isInCluster = isInCluster }

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
            if !isInCluster, isWanted.holds(member.value, in: object) { report(path, what) }
        case .missingKeys(let what):
            for entry in member.value.objectValue?.members ?? [] {
                if let what = what(entry.key) { report(path.key(entry.key), what) }
            }
        case .impossible(let what): report(path, what, isImpossible: true)
        case .withServer(let support, let alone): visit(member, of: object, isInCluster ? support : alone, path)
        case nil: report(path, "it is not known here")
        }
    }

    private mutating func report(_ path: FieldPath, _ what: String, isImpossible: Bool = false) {
        findings.append(.init(path: path, what: what, isImpossible: isImpossible))
    }
}
