package import APIMachinery
internal import KubernetesAPI

/// A file of kind KubeletConfiguration (kubelet.config.k8s.io/v1beta1), read and found right.
///
/// It says all that is wrong at once, each with its line: `kubelet.yaml:7: maxPod: unknown field: did you mean "maxPods"?`.
package struct KubeletConfigurationFile: Sendable {
    static let apiVersion = "kubelet.config.k8s.io/v1beta1"
    static let kind = "KubeletConfiguration"

    private let changes: [ConfigurationField.Change]
    /// What the file said of fields that nothing here follows, for whoever asks.
    package let said: JSONObject

    package static func read(path: String) throws(ManifestError) -> KubeletConfigurationFile {
        try KubeletConfigurationFile(try ManifestFile.read(path), file: path)
    }

    /// - Parameter file: The name that errors begin with.
    package init(_ bytes: [UInt8], file: String) throws(ManifestError) {
        let documents = try ManifestReader.read(bytes, file: file)
        guard let document = documents.first, documents.count == 1, let object = document.json.objectValue else {
            throw ManifestError([.init(file: file, message: "one object of kind \(Self.kind) is needed, there are \(documents.count)")])
        }
        var reading = Reading(document: document)
        reading.checkType()
        reading.read(object, ConfigurationField.all, at: .root, isRoot: true)
        guard reading.problems.isEmpty else { throw ManifestError(reading.problems) }
        (changes, said) = (reading.changes, object)
        var result = KubeletConfiguration()
        apply(to: &result)
        let contradictions = ConfigurationRules.problems(result).map { path, message in
            ManifestError.Problem(file: file, line: document.position(of: path), path: path, message: message)
        }
        guard contradictions.isEmpty else { throw ManifestError(contradictions) }
    }

    package func apply(to configuration: inout KubeletConfiguration) {
        for change in changes { change(&configuration) }
        configuration.configurationFile = said
    }

    private struct Reading {
        let document: ManifestDocument
        var changes: [ConfigurationField.Change] = []
        var problems: [ManifestError.Problem] = []

        mutating func report(_ path: FieldPath, _ message: String) {
            problems.append(.init(file: document.file, line: document.position(of: path), path: path, message: message))
        }

        mutating func checkType() {
            if document.apiVersion != KubeletConfigurationFile.apiVersion {
                report(
                    FieldPath("apiVersion"),
                    "Invalid value: \"\(document.apiVersion)\": must be \"\(KubeletConfigurationFile.apiVersion)\"")
            }
            if document.kind != KubeletConfigurationFile.kind {
                report(FieldPath("kind"), "Invalid value: \"\(document.kind)\": must be \"\(KubeletConfigurationFile.kind)\"")
            }
        }

        mutating func read(_ object: JSONObject, _ fields: [ConfigurationField], at path: FieldPath, isRoot: Bool = false) {
            for member in object.members where !(isRoot && ["apiVersion", "kind"].contains(member.key)) {
                let path = path.child(member.key)
                guard let field = fields.first(where: { $0.name == member.key }) else {
                    let nearest = NearestName.find(member.key, among: fields.map(\.name))
                    report(path, "unknown field" + (nearest.map { ": did you mean \"\($0)\"?" } ?? ""))
                    continue
                }
                read(field, member.value, at: path)
            }
        }

        private mutating func read(_ field: ConfigurationField, _ value: JSONValue, at path: FieldPath) {
            if field.isUnsaid(value) { return }
            if let problem = field.shape.problem(value) { return report(path, problem) }
            switch field.support {
            case .needless: return
            case .only(let values, let reason):
                if !values.contains(value) { report(path, "Unsupported value: \(value): \(reason)") }
            case .members(let members): read(value.objectValue ?? JSONObject(), members, at: path)
            case .acts(let read, _):
                do throws(ConfigurationProblem) { changes.append(try read(value)) } catch { report(path, error.message) }
            }
        }
    }
}

extension KubeletConfiguration {
    /// What is in force, as upstream's type shows it: for `/configz`.
    package var configz: JSONValue {
        var object = Self.shown(ConfigurationField.all, configurationFile, self)
        object["kind"] = .string(KubeletConfigurationFile.kind)
        object["apiVersion"] = .string(KubeletConfigurationFile.apiVersion)
        return .object(object)
    }

    private static func shown(_ fields: [ConfigurationField], _ said: JSONObject, _ configuration: KubeletConfiguration) -> JSONObject {
        var object = JSONObject()
        for field in fields {
            let inFile = said[field.name].flatMap { field.isUnsaid($0) ? nil : $0 }
            switch field.support {
            case .acts(_, let show): object[field.name] = show(configuration)
            case .needless, .only: object[field.name] = inFile ?? field.usual
            case .members(let members):
                object[field.name] = .object(shown(members, inFile?.objectValue ?? JSONObject(), configuration))
            }
        }
        return object
    }
}
