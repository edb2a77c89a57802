internal import APIMachinery
internal import KubernetesAPI
internal import Storage

/// Which objects of a resource somebody wants to see.
struct ItemFilter: Sendable {
    let keyPrefix: String
    let labels: Selector
    /// Without the requirements on name and namespace.
    private let fields: FieldSelector
    private let names: [FieldSelector.Requirement]
    private let namespaces: [FieldSelector.Requirement]
    private let resource: ResourceDefinition
    private let form: StoredForm

    /// - Throws: 400 for a field that the kind cannot be selected by.
    init(_ resource: ResourceDefinition, namespace: String, _ options: ListOptions) throws(Status) {
        guard let stored = resource.stored else { throw .unknownResource }
        self.resource = resource
        form = stored.location.form
        labels = options.labelSelector
        let known = ["metadata.name", "metadata.namespace"]
        for requirement in options.fieldSelector.requirements where !known.contains(requirement.field) {
            guard stored.strategy.fieldLabels.contains(requirement.field) else {
                throw .badRequest(stored.strategy.unsupportedFieldLabel(requirement.field))
            }
        }
        names = options.fieldSelector.requirements.filter { $0.field == "metadata.name" }
        namespaces = options.fieldSelector.requirements.filter { $0.field == "metadata.namespace" }
        fields = FieldSelector(options.fieldSelector.requirements.filter { !known.contains($0.field) })
        // One name in one namespace is one key.
        let exact = names.first { $0.isEqual }?.value
        let isWhole = !namespace.isEmpty || !resource.isNamespaced
        if let exact, isWhole {
            keyPrefix = stored.location.key(namespace: namespace, name: exact)
            isKeyExact = true
        } else {
            keyPrefix = stored.location.prefix(namespace: namespace)
            isKeyExact = false
        }
    }
    private let isKeyExact: Bool

    /// Whether anything besides the place decides.
    var isSelective: Bool { !labels.isEmpty || !fields.isEmpty || !names.isEmpty || !namespaces.isEmpty }

    func covers(_ key: String) -> Bool { isKeyExact ? key == keyPrefix : key.hasPrefix(keyPrefix) }

    /// All objects that are covered, whether they match or not.
    func covered(_ index: KeyIndex<StoredItem>) -> [StoredItem] {
        var items: [StoredItem] = []
        _ = index.forEach(prefix: keyPrefix, after: nil) {
            items.append($0)
            return true
        }
        return items
    }

    /// - Parameter item: Of a key that is covered.
    func matches(_ item: StoredItem) -> Bool {
        if isKeyExact, item.key != keyPrefix { return false }
        if !names.allSatisfy({ ($0.value == item.name) == $0.isEqual }) { return false }
        if !namespaces.allSatisfy({ ($0.value == item.namespace(resource)) == $0.isEqual }) { return false }
        if !labels.isEmpty, !labels.matches(resource.isConvertedByWebhook ? resource.object(item).labels : item.labels(form)) {
            return false
        }
        guard !fields.isEmpty else { return true }
        // Kept are those of the storage version.
        let values = resource.stored?.conversion == nil ? item.fields { fieldValues(item) } : fieldValues(item)
        return fields.matches { values[$0] }
    }

    private func fieldValues(_ item: StoredItem) -> [String: String] {
        guard let strategy = resource.stored?.strategy else { return [:] }
        let object = resource.object(item)
        var values: [String: String] = [:]
        for label in strategy.fieldLabels { values[label] = strategy.fieldValue(label, of: object) }
        return values
    }
}

extension StoredItem {
    func namespace(_ resource: ResourceDefinition) -> Substring {
        guard resource.isNamespaced else { return "" }
        let parts = key.split(separator: "/")
        return parts.count > 3 ? parts[parts.count - 2] : ""
    }
}
