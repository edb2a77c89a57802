internal import APIMachinery

/// Bringing objects into the version that is asked for, where this server cannot do it by itself.
extension APIServer {
    /// What is sent to a webhook at once.
    private static let batchBytesMax = 1 << 20
    private static let batchCountMax = 500

    /// Has a webhook bring items into a resource's version, if its definition says so; afterwards `ResourceDefinition.object` has them. What
    /// has been converted once is kept with the item.
    ///
    /// - Throws: When an object cannot be converted.
    func prepare(_ items: some Sequence<StoredItem>, for resource: ResourceDefinition) async throws(Status) {
        guard case .webhook(let webhook)? = resource.stored?.conversion, let form = resource.stored?.location.form else { return }
        let target = resource.kind.apiVersion
        var batch: [StoredItem] = []
        var size = 0
        for item in items where item.apiVersion(form) != target && item.converted(to: target) == nil {
            batch.append(item)
            size += item.value.count
            if size < Self.batchBytesMax, batch.count < Self.batchCountMax { continue }
            try await convert(batch, to: target, form, webhook)
            (batch, size) = ([], 0)
        }
        if !batch.isEmpty { try await convert(batch, to: target, form, webhook) }
    }

    private func convert(
        _ batch: [StoredItem], to target: String, _ form: StoredForm, _ webhook: ConversionWebhook
    ) async throws(Status) {
        let converted = try await webhook.convert(batch.map { $0.object(form) }, to: target, objects)
        for (item, object) in zip(batch, converted) { item.remember(object, as: target) }
    }

    /// An object of a resource as it is to be stored.
    func storedForm(of object: JSONObject, _ stored: ResourceDefinition.Stored) async throws(Status) -> JSONObject {
        switch stored.conversion {
        case nil: return object
        case .local(_, let toStored): return toStored(object)
        case .webhook(let webhook): return try await converted(object, to: stored.location.form.kind.apiVersion, webhook)
        }
    }

    /// An object of one version of a resource in another one of the same objects.
    func converted(
        _ object: JSONObject, from: ResourceDefinition, to: ResourceDefinition
    ) async throws(Status) -> JSONObject {
        guard from !== to else { return object }
        if case .webhook(let webhook)? = to.stored?.conversion { return try await converted(object, to: to.kind.apiVersion, webhook) }
        var object = object
        if case .local(_, let toStored)? = from.stored?.conversion { object = toStored(object) }
        if case .local(let fromStored, _)? = to.stored?.conversion { object = fromStored(object) }
        return object
    }

    private func converted(
        _ object: JSONObject, to apiVersion: String, _ webhook: ConversionWebhook
    ) async throws(Status) -> JSONObject {
        guard object["apiVersion"]?.stringValue != apiVersion else { return object }
        return try await webhook.convert([object], to: apiVersion, objects).first ?? object
    }
}

extension ResourceDefinition {
    /// Its objects have to be prepared before they are looked at.
    var isConvertedByWebhook: Bool { if case .webhook? = stored?.conversion { true } else { false } }
}

extension StoredItem {
    /// The version that the object was written in: the storage version of that time.
    func apiVersion(_ form: StoredForm) -> String { writtenVersion ?? form.kind.apiVersion }

    /// The object in the version that it was written in.
    func object(_ form: StoredForm) -> JSONObject {
        var object = form.object(value, revision: modRevision)
        if let writtenVersion { object["apiVersion"] = .string(writtenVersion) }
        return object
    }
}
