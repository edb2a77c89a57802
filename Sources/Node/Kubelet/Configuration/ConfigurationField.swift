internal import APIMachinery
internal import KubernetesAPI

/// One field of upstream's `KubeletConfiguration`: what it may hold, and what becomes of it here.
struct ConfigurationField: Sendable {
    typealias Change = @Sendable (inout KubeletConfiguration) -> Void

    enum Support: Sendable {
        /// `read` turns a value into a change of the configuration; `show` says what is in force.
        case acts(
            read: @Sendable (JSONValue) throws(ConfigurationProblem) -> Change, show: @Sendable (KubeletConfiguration) -> JSONValue?)
        /// It concerns machinery that is not here, or a speed that nobody waits for: any value does.
        case needless
        /// Any other value than these is refused, for this reason.
        case only([JSONValue], String)
        case members([ConfigurationField])
    }

    let name: String
    let shape: ConfigurationShape
    /// What the kubelet takes where a file says nothing; nil: nothing.
    let usual: JSONValue?
    let support: Support

    init(_ name: String, _ shape: ConfigurationShape, usual: JSONValue? = nil, _ support: Support) {
        (self.name, self.shape, self.usual, self.support) = (name, shape, usual, support)
    }

    /// Every field of the file, in upstream's order of subjects.
    static let all: [ConfigurationField] =
        serverFields + nodeFields + podFields + imageFields + resourceFields + evictionFields + otherFields

    /// Zero stands for the usual value where that is another: `0s`, the empty text, nothing at all.
    func isUnsaid(_ value: JSONValue) -> Bool {
        if value.isNull { return true }
        guard let usual, case .duration = shape else { return value.stringValue == "" && usual != nil }
        return usual.stringValue != "0s" && value.stringValue.flatMap(GoDuration.seconds) == 0
    }
}

// MARK: - Fields that act

extension ConfigurationField {
    typealias Path<Value> = WritableKeyPath<KubeletConfiguration, Value> & Sendable

    static func flag(_ name: String, _ path: Path<Bool>, usual: Bool) -> ConfigurationField {
        .init(
            name, .flag, usual: .bool(usual),
            .acts(
                read: { value throws(ConfigurationProblem) in
                    let flag = value.boolValue ?? usual
                    return { $0[keyPath: path] = flag }
                }, show: { .bool($0[keyPath: path]) }))
    }

    static func text(_ name: String, _ path: Path<String>, usual: String) -> ConfigurationField {
        .init(
            name, .text, usual: .string(usual),
            .acts(
                read: { value throws(ConfigurationProblem) in
                    let text = value.stringValue ?? usual
                    return { $0[keyPath: path] = text }
                }, show: { .string($0[keyPath: path]) }))
    }

    static func texts(_ name: String, _ path: Path<[String]>) -> ConfigurationField {
        .init(
            name, .texts,
            .acts(
                read: { value throws(ConfigurationProblem) in
                    let texts = (value.arrayValue ?? []).compactMap(\.stringValue)
                    return { $0[keyPath: path] = texts }
                },
                show: { configuration in
                    let texts = configuration[keyPath: path]
                    return texts.isEmpty ? nil : .array(texts.map(JSONValue.string))
                }))
    }

    static func number(
        _ name: String, _ range: ClosedRange<Int64>, usual: Int64, set: @escaping @Sendable (Int64, inout KubeletConfiguration) -> Void,
        get: @escaping @Sendable (KubeletConfiguration) -> Int64?
    ) -> ConfigurationField {
        .init(
            name, .number(range), usual: .integer(usual),
            .acts(
                read: { value throws(ConfigurationProblem) in
                    let number = value.integerValue ?? usual
                    return { set(number, &$0) }
                }, show: { get($0).map(JSONValue.integer) }))
    }

    static func duration(_ name: String, _ path: Path<Duration>, usual: String) -> ConfigurationField {
        .init(
            name, .duration, usual: .string(usual),
            .acts(
                read: { value throws(ConfigurationProblem) in
                    let text = value.stringValue ?? usual
                    guard let duration = Duration(go: text), duration >= .zero else {
                        throw .invalid(text, "must not be negative")
                    }
                    return { $0[keyPath: path] = duration }
                }, show: { .string($0[keyPath: path].goText) }))
    }

    static func map(
        _ name: String, usual: JSONValue? = nil, read: @escaping @Sendable ([String: String]) throws(ConfigurationProblem) -> Change,
        show: @escaping @Sendable (KubeletConfiguration) -> [String: String]
    ) -> ConfigurationField {
        .init(
            name, .textMap, usual: usual,
            .acts(
                read: { value throws(ConfigurationProblem) in
                    var texts: [String: String] = [:]
                    for member in value.objectValue?.members ?? [] { texts[member.key] = member.value.stringValue }
                    return try read(texts)
                },
                show: { configuration in
                    let texts = show(configuration).sorted { $0.key < $1.key }
                    return texts.isEmpty ? nil : .object(JSONObject(members: texts.map { .init(key: $0.key, value: .string($0.value)) }))
                }))
    }
}
