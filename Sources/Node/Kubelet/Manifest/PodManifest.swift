internal import APIMachinery
package import KubernetesAPI

/// Pods from a manifest file, ready to run: read, with defaults, validated.
package enum PodManifest {
    /// - Parameter path: `-` is standard input.
    /// - Returns: At least one pod; a pod without a namespace is in `default`.
    package static func load(path: String) throws(ManifestError) -> [Pod] {
        try load(try ManifestReader.read(path: path), file: path)
    }

    static func load(_ documents: [ManifestDocument], file: String) throws(ManifestError) -> [Pod] {
        var pods: [Pod] = []
        var problems: [ManifestError.Problem] = []
        var places: [String: String] = [:]
        for document in documents {
            let (pod, found) = read(document)
            problems += found
            guard let pod else { continue }
            problems += duplicate(pod, document, &places)
            pods.append(pod)
        }
        if documents.isEmpty { problems.append(.init(file: file, message: "no object in it: expected a Pod")) }
        guard problems.isEmpty else { throw ManifestError(problems) }
        return pods
    }

    private static func read(_ document: ManifestDocument) -> (Pod?, [ManifestError.Problem]) {
        if let error = wrongKind(of: document) { return (nil, [document.problem(error)]) }
        let (decoded, problems) = Pod.decode(document.json, at: document.basePath)
        guard var pod = decoded else { return (nil, problems.map { document.problem($0) }) }
        if pod.metadata.namespace == nil { pod.metadata.namespace = "default" }
        PodDefaults.apply(to: &pod)
        var errors = problems
        // A value that could not be read is missing now, of which validation must not complain again.
        if !problems.contains(where: { $0.kind == .wrongType || $0.kind == .invalid }) {
            let reported = Set(problems.map(\.path))
            errors += PodValidation.validate(pod, at: document.basePath).filter { !reported.contains($0.path) }
        }
        return (pod, errors.map { document.problem($0) })
    }

    private static func wrongKind(of document: ManifestDocument) -> FieldError? {
        if document.kind.isEmpty { return .required(document.basePath.child("kind"), "expected \"Pod\"") }
        guard document.kind == "Pod" else {
            return .notSupported(
                document.basePath.child("kind"), .string(document.kind), supported: ["Pod", "PodList", "List"])
        }
        if document.apiVersion.isEmpty { return .required(document.basePath.child("apiVersion"), "expected \"v1\"") }
        guard document.apiVersion == "v1" else {
            return .notSupported(
                document.basePath.child("apiVersion"), .string(document.apiVersion), supported: ["v1"])
        }
        return nil
    }

    /// Two pods of one file cannot have one name.
    private static func duplicate(
        _ pod: Pod, _ document: ManifestDocument, _ places: inout [String: String]
    ) -> [ManifestError.Problem] {
        guard let name = pod.metadata.name else { return [] }
        let path = document.basePath.child("metadata", "name")
        let place = "line \(document.position(of: path))"
        guard let other = places.updateValue(place, forKey: "\(pod.metadata.namespace ?? "")/\(name)") else { return [] }
        let error = FieldError(
            path, .duplicate, value: .string(name), detail: "a pod of this name stands already on \(other)")
        return [document.problem(error)]
    }
}
