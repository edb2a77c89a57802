internal import KubernetesAPI

/// Objects by key, and the keys by each index's values.
struct IndexedCache<Object: KubernetesObject> {
    private var objects: [ObjectKey: Object] = [:]
    private var keys: [String: [String: Set<ObjectKey>]] = [:]
    private var indexes: [String: Informer<Object>.Index]

    init(indexes: [String: Informer<Object>.Index]) { self.indexes = indexes }

    subscript(key: ObjectKey) -> Object? { objects[key] }
    var all: [Object] { Array(objects.values) }

    func objects(index: String, value: String) -> [Object] {
        precondition(indexes[index] != nil, "the informer has no index \(index)")
        return (keys[index]?[value] ?? []).compactMap { objects[$0] }
    }

    /// Keeps one more index, over the objects that are there as well. A name that is taken already stays what it is.
    mutating func addIndex(_ name: String, _ values: @escaping Informer<Object>.Index) {
        guard indexes[name] == nil else { return }
        indexes[name] = values
        for (key, object) in objects {
            for value in values(object) { keys[name, default: [:]][value, default: []].insert(key) }
        }
    }

    mutating func put(_ object: Object) -> InformerEvent<Object> {
        let key = ObjectKey(object)
        let old = objects.updateValue(object, forKey: key)
        if let old { unlist(old, key) }
        for (name, values) in indexes {
            for value in values(object) { keys[name, default: [:]][value, default: []].insert(key) }
        }
        return if let old { .updated(old: old, new: object) } else { .added(object) }
    }

    mutating func remove(_ key: ObjectKey) -> Object? {
        guard let old = objects.removeValue(forKey: key) else { return nil }
        unlist(old, key)
        return old
    }

    /// Becomes what was listed.
    ///
    /// - Returns: The changes; objects of the same revision are none.
    mutating func replace(with listed: [Object]) -> [InformerEvent<Object>] {
        var gone = Set(objects.keys)
        var events: [InformerEvent<Object>] = []
        for object in listed {
            let key = ObjectKey(object)
            gone.remove(key)
            if let old = objects[key], old.metadata.resourceVersion == object.metadata.resourceVersion,
                old.metadata.uid == object.metadata.uid
            {
                continue
            }
            events.append(put(object))
        }
        for key in gone.sorted() {
            if let old = remove(key) { events.append(.deleted(old)) }
        }
        return events
    }

    private mutating func unlist(_ object: Object, _ key: ObjectKey) {
        for (name, values) in indexes {
            for value in values(object) {
                keys[name]?[value]?.remove(key)
                if keys[name]?[value]?.isEmpty == true { keys[name]?[value] = nil }
            }
        }
    }
}
