import APIMachinery

extension Image {
    /// What `swiftlet image inspect` shows: the fields of `docker image inspect`, with the layers' digests and sizes.
    package var inspection: JSONValue {
        var json: JSONValue = [
            "Id": .string(id.description), "RepoTags": .strings(references.map(\.familiar)),
            "RepoDigests": .strings(repoDigests.map(\.familiar)), "Architecture": .string(config.architecture),
            "Os": .string(config.os), "Size": .integer(sizeBytes), "Config": config.inspection,
            "RootFS": ["Type": "layers", "Layers": .strings(config.diffIDs.map(\.description))],
            "Layers": .array(
                layers.map {
                    [
                        "Digest": .string($0.blob.description), "Size": .integer($0.blobBytes),
                        "DiffID": .string($0.diffID.description), "ChainID": .string($0.chainID.description),
                    ]
                }),
        ]
        json["Variant"] = config.variant.map(JSONValue.string)
        json["Created"] = config.created.map(JSONValue.string)
        json["Author"] = config.author.map(JSONValue.string)
        json["ManifestDigest"] = manifest.map { .string($0.description) }
        return json
    }
}

extension ImageConfig {
    fileprivate var inspection: JSONValue {
        var json: JSONValue = [
            "User": .string(user), "Env": .strings(env), "WorkingDir": .string(workingDir),
            "Entrypoint": entrypoint.map(JSONValue.strings) ?? nil, "Cmd": cmd.map(JSONValue.strings) ?? nil,
            "Volumes": .set(volumes), "ExposedPorts": .set(exposedPorts),
            "Labels": .object(
                JSONObject(members: labels.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string($0.value)) })),
        ]
        json["StopSignal"] = stopSignal.map(JSONValue.string)
        return json
    }
}

extension JSONValue {
    fileprivate static func strings(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.string)) }

    /// The shape of a set in Go's JSON: an object with empty values.
    fileprivate static func set(_ keys: [String]) -> JSONValue {
        .object(JSONObject(members: keys.map { .init(key: $0, value: [:]) }))
    }
}
