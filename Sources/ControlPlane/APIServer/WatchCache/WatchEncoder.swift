internal import APIMachinery
internal import KubernetesAPI

/// Makes the bytes of a watch's events.
struct WatchEncoder: Sendable {
    let resource: ResourceDefinition
    var format: ResponseFormat
    let now: @Sendable () -> Timestamp

    /// The event of a change, shared with all watches of the same form.
    ///
    /// - Parameter hasColumns: The first event of a Table tells its columns; it is shared with nobody.
    func frame(_ type: WatchEventType, _ change: Change, hasColumns: Bool) -> [UInt8] {
        // A deletion that is none to others shows the object as it was when it last matched.
        let item = type == .deleted ? change.previous ?? change.item : change.item
        let isFirstOfTable = hasColumns && format.isTable
        guard !isFirstOfTable else { return frame(type, item, revision: change.revision, hasColumns: true) }
        let key = Change.FrameKey(type: type, format: format, apiVersion: resource.kind.apiVersion)
        return change.frame(key) { frame(type, item, revision: change.revision, hasColumns: false) }
    }

    /// - Parameter revision: The one that the object is shown with.
    func frame(_ type: WatchEventType, _ item: StoredItem, revision: Int64, hasColumns: Bool) -> [UInt8] {
        if format.encoding == .json, format.transform == .none, let stored = resource.stored, stored.conversion == nil {
            var bytes = Self.opening(type)
            bytes.reserveCapacity(bytes.count + item.value.count + StoredForm.versionLengthMax + 2)
            stored.location.form.appendObject(item.value, revision: revision, to: &bytes)
            bytes += "}\n".utf8
            return bytes
        }
        var object = resource.object(item)
        object.setResourceVersion(String(revision))
        return frame(type, transformed(object, hasColumns: hasColumns))
    }

    func bookmark(_ revision: Int64, _ isEndOfInitialEvents: Bool, hasColumns: Bool) -> [UInt8] {
        var metadata: JSONObject = ["resourceVersion": .string(String(revision))]
        if isEndOfInitialEvents { metadata.append("annotations", ["k8s.io/initial-events-end": "true"]) }
        let object: JSONObject = [
            "kind": .string(resource.kind.kind), "apiVersion": .string(resource.kind.apiVersion), "metadata": .object(metadata),
        ]
        // What a bookmark says stands in its object: rows without objects still have this one.
        var whole = self
        whole.format.includeObject = ""
        return frame(.bookmark, whole.transformed(object, hasColumns: hasColumns))
    }

    func error(_ status: Status) -> [UInt8] { frame(.error, status.json.objectValue ?? JSONObject()) }

    private func transformed(_ object: JSONObject, hasColumns: Bool) -> JSONObject {
        let encoder = ResponseEncoder(resource: resource, format: format, now: now())
        switch format.transform {
        case .none: return object
        case .table(let version):
            return encoder.table(
                [object], metadata: ["resourceVersion": .string(object.resourceVersion)], version: version, hasColumns: hasColumns)
        case .partialObjectMetadata(let version), .partialObjectMetadataList(let version):
            return ResponseEncoder.partialMetadata(object, version: version)
        }
    }

    private func frame(_ type: WatchEventType, _ object: JSONObject) -> [UInt8] {
        if format.encoding == .protobuf { return ProtobufCoding.watchFrame(type, object) }
        var bytes = Self.opening(type)
        bytes += JSONValue.object(object).serialized()
        bytes += "}\n".utf8
        return bytes
    }

    private static func opening(_ type: WatchEventType) -> [UInt8] { Array("{\"type\":\"\(type.rawValue)\",\"object\":".utf8) }
}

extension ResponseFormat {
    var isTable: Bool { if case .table = transform { true } else { false } }
}
