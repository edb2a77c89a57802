internal import APIMachinery
package import KubernetesAPI

/// Pods from a manifest file, ready to run: read, with defaults, validated.
package enum PodManifest {
    /// Pods, and what they need beside them: as much as a manifest can say without an API server.
    package struct Content: Sendable {
        /// In the manifest's order. A pod without a namespace is in `default`.
        package var pods: [Pod] = []
        package var objects = LocalObjects()
    }

    /// Pods alone, as static pods are.
    ///
    /// - Parameter path: `-` is standard input.
    /// - Returns: At least one pod.
    package static func load(path: String) throws(ManifestError) -> [Pod] {
        try load(try ManifestReader.read(path: path), file: name(path))
    }

    /// Pods with the ConfigMaps and Secrets that stand beside them.
    ///
    /// - Parameter path: `-` is standard input.
    /// - Returns: At least one pod.
    package static func loadWithObjects(path: String) throws(ManifestError) -> Content {
        try content(try ManifestReader.read(path: path), file: name(path), accepting: .everything)
    }

    static func load(_ documents: [ManifestDocument], file: String) throws(ManifestError) -> [Pod] {
        try content(documents, file: file, accepting: .pods).pods
    }

    static func content(
        _ documents: [ManifestDocument], file: String, accepting accepted: AcceptedKinds
    ) throws(ManifestError) -> Content {
        var reading = Reading(accepted: accepted)
        for document in documents { reading.add(document) }
        if documents.isEmpty {
            reading.problems.append(.init(file: file, message: "no object in it: expected a Pod"))
        } else if reading.content.pods.isEmpty, reading.problems.isEmpty {
            reading.problems.append(.init(file: file, message: "no Pod in it"))
        }
        guard reading.problems.isEmpty else { throw ManifestError(reading.problems) }
        return reading.content
    }

    private static func name(_ path: String) -> String { path == "-" ? "stdin" : path }
}

extension PodManifest {
    enum AcceptedKinds {
        case pods, everything

        /// As the error names them.
        var names: [String] {
            switch self {
            case .pods: ["Pod", "PodList", "List"]
            case .everything: ["Pod", "ConfigMap", "Secret", "PodList", "List"]
            }
        }
    }
}

/// A manifest while it is being read.
private struct Reading {
    let accepted: PodManifest.AcceptedKinds
    var content = PodManifest.Content()
    var problems: [ManifestError.Problem] = []
    /// Where each object stands, by kind, namespace and name.
    private var places: [String: String] = [:]

    init(accepted: PodManifest.AcceptedKinds) { self.accepted = accepted }

    mutating func add(_ document: ManifestDocument) {
        if let error = wrongKind(of: document) { return problems.append(document.problem(error)) }
        switch document.kind {
        case "ConfigMap": if let map: ConfigMap = read(document, ObjectValidation.validate) { content.objects.add(map) }
        case "Secret": if let secret: Secret = read(document, ObjectValidation.validate) { content.objects.add(secret) }
        default: if let pod: Pod = read(document, PodValidation.validate) { content.pods.append(pod) }
        }
    }

    private func wrongKind(of document: ManifestDocument) -> FieldError? {
        if document.kind.isEmpty { return .required(document.basePath.child("kind"), "expected \"Pod\"") }
        guard accepted.names.contains(document.kind), !document.kind.hasSuffix("List") else {
            return .notSupported(document.basePath.child("kind"), .string(document.kind), supported: accepted.names)
        }
        if document.apiVersion.isEmpty { return .required(document.basePath.child("apiVersion"), "expected \"v1\"") }
        guard document.apiVersion == "v1" else {
            return .notSupported(document.basePath.child("apiVersion"), .string(document.apiVersion), supported: ["v1"])
        }
        return nil
    }

    private mutating func read<Object: KubernetesObject>(
        _ document: ManifestDocument, _ validate: (Object, FieldPath) -> [FieldError]
    ) -> Object? {
        let (decoded, found) = Object.decode(document.json, at: document.basePath)
        let errors = found.map(LaterFields.explained)
        problems += errors.map { document.problem($0) }
        guard var object = decoded else { return nil }
        if object.metadata.namespace == nil { object.metadata.namespace = "default" }
        if object.metadata.name == nil, let prefix = object.metadata.generateName, !prefix.isEmpty {
            guard accepted == .everything else {
                let error = FieldError.required(document.basePath.child("metadata", "name"), "a static pod's name cannot be generated")
                problems.append(document.problem(error))
                return nil
            }
            object.metadata.name = GeneratedName.make(prefix)
        }
        if var pod = object as? Pod {
            PodDefaults.apply(to: &pod)
            object = pod as? Object ?? object
        }
        // A value that could not be read is missing now, of which validation must not complain again.
        if !errors.contains(where: { $0.kind == .wrongType || $0.kind == .invalid }) {
            let reported = Set(errors.map(\.path))
            let invalid = validate(object, document.basePath).filter { !reported.contains($0.path) }
            problems += invalid.map { document.problem($0) }
        }
        noteDuplicate(of: object.metadata, document)
        return object
    }

    /// Two objects of a kind cannot have one name.
    private mutating func noteDuplicate(of metadata: ObjectMeta, _ document: ManifestDocument) {
        guard let name = metadata.name else { return }
        let path = document.basePath.child("metadata", "name")
        let place = "line \(document.position(of: path))"
        let key = "\(document.kind)/\(metadata.namespace ?? "")/\(name)"
        guard let other = places.updateValue(place, forKey: key) else { return }
        let noun = document.kind == "Pod" ? "pod" : document.kind
        let error = FieldError(path, .duplicate, value: .string(name), detail: "a \(noun) of this name stands already on \(other)")
        problems.append(document.problem(error))
    }
}
