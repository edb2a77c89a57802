package import APIMachinery

/// Who owns which fields of an object: `metadata.managedFields`, read.
package struct ManagedFields: Sendable {
    /// What tells managers apart. The API version counts only for those that update.
    package struct Manager: Hashable, Sendable, Comparable {
        package enum Operation: String, Sendable { case apply = "Apply", update = "Update" }

        package var name: String
        package var operation: Operation
        /// Empty for managers that apply.
        package var apiVersion: String
        package var subresource: String

        package init(name: String, operation: Operation, apiVersion: String, subresource: String = "") {
            self.name = name
            self.operation = operation
            self.apiVersion = operation == .apply ? "" : apiVersion
            self.subresource = subresource
        }

        package static func < (left: Manager, right: Manager) -> Bool {
            (left.name, left.operation.rawValue, left.apiVersion, left.subresource)
                < (right.name, right.operation.rawValue, right.apiVersion, right.subresource)
        }
    }

    package struct Entry: Sendable {
        package let manager: Manager
        /// The version in which the fields are named.
        package var apiVersion: String
        package var time: Timestamp?
        package var fields: FieldSet {
            get {
                switch content {
                case .read(let fields): fields
                case .written(let json): (try? FieldSet(json: json)) ?? FieldSet()
                }
            }
            set { content = .read(newValue) }
        }
        private var content: Content

        /// Most entries are passed on as they were, and so never read.
        private enum Content: Sendable {
            case read(FieldSet)
            /// `fieldsV1`
            case written(JSONValue)
        }

        package init(manager: Manager, apiVersion: String, time: Timestamp?, fields: FieldSet) {
            self.manager = manager
            self.apiVersion = apiVersion
            self.time = time
            content = .read(fields)
        }

        fileprivate init(manager: Manager, apiVersion: String, time: Timestamp?, written: JSONValue) {
            self.manager = manager
            self.apiVersion = apiVersion
            self.time = time
            content = .written(written)
        }

        fileprivate var fieldsJSON: JSONValue {
            switch content {
            case .read(let fields): fields.json
            case .written(let json): json
            }
        }
    }

    /// In no order that matters; no manager twice.
    package var entries: [Entry]

    package init(entries: [Entry] = []) { self.entries = entries }

    package var isEmpty: Bool { entries.isEmpty }

    package subscript(manager: Manager) -> Entry? {
        get { entries.first { $0.manager == manager } }
        set {
            let index = entries.firstIndex { $0.manager == manager }
            switch (index, newValue) {
            case (let index?, let entry?): entries[index] = entry
            case (let index?, nil): entries.remove(at: index)
            case (nil, let entry?): entries.append(entry)
            case (nil, nil): break
            }
        }
    }
}

// MARK: - JSON

/// `metadata.managedFields` that cannot be read.
package struct ManagedFieldsError: Error, Hashable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

extension ManagedFields {
    /// - Parameters:
    ///   - json: The list of entries; nil and null are no entries.
    ///   - isTrusted: Whether this server wrote it, so that the fields need not be looked at before they are used.
    package init(json: JSONValue?, isTrusted: Bool = false) throws(ManagedFieldsError) {
        guard let json, !json.isNull else {
            self.init()
            return
        }
        guard let list = json.arrayValue else { throw ManagedFieldsError("managedFields must be a list") }
        var entries: [Entry] = []
        entries.reserveCapacity(list.count)
        for (index, element) in list.enumerated() {
            let entry = try Entry(json: element, index: index, isTrusted: isTrusted)
            if let known = entries.firstIndex(where: { $0.manager == entry.manager }) {
                entries[known] = entry
            } else {
                entries.append(entry)
            }
        }
        self.init(entries: entries)
    }

    /// The entries in upstream's order: by operation, time, manager, version and subresource.
    package var json: JSONValue {
        let sorted = entries.sorted { left, right in
            if left.manager.operation != right.manager.operation {
                return left.manager.operation.rawValue < right.manager.operation.rawValue
            }
            let (leftSeconds, rightSeconds) = (left.time?.seconds ?? 0, right.time?.seconds ?? 0)
            if leftSeconds != rightSeconds { return leftSeconds < rightSeconds }
            return (left.manager.name, left.apiVersion, left.manager.subresource)
                < (right.manager.name, right.apiVersion, right.manager.subresource)
        }
        return .array(sorted.map(\.json))
    }
}

extension ManagedFields.Entry {
    fileprivate init(json: JSONValue, index: Int, isTrusted: Bool) throws(ManagedFieldsError) {
        guard case .object(let object) = json else {
            throw ManagedFieldsError("managedFields entry \(index) must be an object")
        }
        func text(_ key: String) -> String { object[key]?.stringValue ?? "" }
        guard let operation = ManagedFields.Manager.Operation(rawValue: text("operation")) else {
            throw ManagedFieldsError("managedFields entry \(index) has the unknown operation \(text("operation").quoted)")
        }
        switch text("fieldsType") {
        case "FieldsV1": break
        case "": throw ManagedFieldsError("missing fieldsType in managed fields entry \(index)")
        case let other: throw ManagedFieldsError("invalid fieldsType \(other.quoted) in managed fields entry \(index)")
        }
        let written = object["fieldsV1"] ?? [:]
        if !isTrusted {
            do throws(FieldSetError) {
                _ = try FieldSet(json: written)
            } catch {
                throw ManagedFieldsError("error decoding fields of managed fields entry \(index): \(error)")
            }
        }
        self.init(
            manager: .init(
                name: text("manager"), operation: operation, apiVersion: text("apiVersion"),
                subresource: text("subresource")),
            apiVersion: text("apiVersion"), time: Timestamp(text("time")), written: written)
    }

    fileprivate var json: JSONValue {
        var object = JSONObject()
        object.reserveCapacity(7)
        if !manager.name.isEmpty { object.append("manager", .string(manager.name)) }
        object.append("operation", .string(manager.operation.rawValue))
        if !apiVersion.isEmpty { object.append("apiVersion", .string(apiVersion)) }
        if let time { object.append("time", .string(time.description)) }
        object.append("fieldsType", "FieldsV1")
        object.append("fieldsV1", fieldsJSON)
        if !manager.subresource.isEmpty { object.append("subresource", .string(manager.subresource)) }
        return .object(object)
    }
}

// MARK: - In objects

extension ManagedFields {
    /// The entries of an object; none when it has none or they cannot be read.
    static func readable(of object: JSONObject) -> ManagedFields {
        (try? ManagedFields(json: object["metadata"]?["managedFields"], isTrusted: true)) ?? ManagedFields()
    }

    /// Whether the list says that tracking is to start anew: `[]` or `[{}]`.
    static func isReset(_ json: JSONValue?) -> Bool {
        guard let list = json?.arrayValue else { return false }
        return list.isEmpty || list == [[:]]
    }

    /// Puts the entries last into the object's metadata; no member when there are none.
    package func write(to object: inout JSONObject) {
        object["metadata", default: [:]]["managedFields"] = nil
        if !isEmpty { object["metadata", default: [:]]["managedFields"] = json }
    }

    static func removed(from object: JSONObject) -> JSONObject {
        guard object["metadata"]?["managedFields"] != nil else { return object }
        var object = object
        object["metadata", default: [:]]["managedFields"] = nil
        return object
    }

    /// Takes back times that have moved though nothing else has: such a write is none.
    ///
    /// - Returns: The live object when the new one differs only in the times of its entries, else the new one.
    package static func withoutMereTimes(_ new: JSONObject, live: JSONObject) -> JSONObject {
        guard let newList = new["metadata"]?["managedFields"]?.arrayValue,
            let liveList = live["metadata"]?["managedFields"]?.arrayValue, newList.count == liveList.count
        else { return new }
        func untimed(_ entry: JSONValue) -> JSONValue {
            var entry = entry
            entry["time"] = nil
            return entry
        }
        guard Set(newList.map(untimed)) == Set(liveList.map(untimed)), removed(from: new) == removed(from: live) else {
            return new
        }
        return live
    }
}
