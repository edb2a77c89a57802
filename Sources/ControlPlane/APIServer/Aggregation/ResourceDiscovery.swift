internal import APIMachinery

/// The old discovery document of an extension API server in the form of the aggregated one, after upstream's ConvertGroupVersionIntoDiscovery.
enum ResourceDiscovery {
    /// - Parameter list: A meta/v1 APIResourceList.
    /// - Returns: apidiscovery.k8s.io APIResourceDiscovery objects.
    static func entries(of list: JSONValue, _ service: AggregatedService) -> [JSONValue] {
        var entries: [JSONObject] = []
        var places: [String: Int] = [:]
        for resource in list["resources"]?.arrayValue ?? [] {
            let names = (resource["name"]?.stringValue ?? "").split(separator: "/", maxSplits: 1).map(String.init)
            guard let parent = names.first else { continue }
            if names.count == 1 {
                if let place = places[parent] {
                    // Its subresource came first.
                    var entry = entry(resource, parent, service)
                    if let subresources = entries[place]["subresources"] { entry.append("subresources", subresources) }
                    entries[place] = entry
                } else {
                    places[parent] = entries.count
                    entries.append(entry(resource, parent, service))
                }
                continue
            }
            let place = places[parent] ?? entries.count
            if place == entries.count {
                places[parent] = place
                entries.append(["resource": .string(parent), "scope": scope(resource)])
            }
            let subresource: JSONValue = [
                "subresource": .string(names[1]), "responseKind": kind(resource, service), "verbs": resource["verbs"] ?? [],
            ]
            entries[place]["subresources"] = .array((entries[place]["subresources"]?.arrayValue ?? []) + [subresource])
        }
        return entries.map { .object($0) }
    }

    private static func entry(_ resource: JSONValue, _ name: String, _ service: AggregatedService) -> JSONObject {
        var entry: JSONObject = [
            "resource": .string(name), "responseKind": kind(resource, service), "scope": scope(resource),
            "singularResource": resource["singularName"] ?? "", "verbs": resource["verbs"] ?? [],
        ]
        for member in ["shortNames", "categories"] {
            if let names = resource[member], names.arrayValue?.isEmpty == false { entry.append(member, names) }
        }
        return entry
    }

    private static func scope(_ resource: JSONValue) -> JSONValue { resource["namespaced"]?.boolValue == true ? "Namespaced" : "Cluster" }

    private static func kind(_ resource: JSONValue, _ service: AggregatedService) -> JSONValue {
        func text(_ member: String, _ fallback: String) -> JSONValue {
            let given = resource[member]?.stringValue ?? ""
            return .string(given.isEmpty ? fallback : given)
        }
        // A subresource such as scale names the group of its kind.
        let isForeign = resource["version"]?.stringValue?.isEmpty == false
        return [
            "group": isForeign ? .string(resource["group"]?.stringValue ?? "") : text("group", service.group),
            "version": text("version", service.version), "kind": .string(resource["kind"]?.stringValue ?? ""),
        ]
    }
}

/// The OpenAPI v2 document of an extension API server as a part of this server's.
enum ExtensionOpenAPI {
    /// Its paths of one group version, and the definitions.
    static func part(of document: JSONValue, _ service: AggregatedService) -> JSONValue {
        let paths = (document["paths"]?.objectValue?.members ?? []).filter { member in
            member.key == service.root || member.key == service.root + "/" || member.key.hasPrefix(service.root + "/")
        }
        return ["paths": .object(JSONObject(members: paths)), "definitions": document["definitions"] ?? [:]]
    }

    /// - Parameter parts: What `part` has made. A definition that is there already stays as it is.
    static func merged(_ document: JSONValue, _ parts: [JSONValue]) -> JSONValue {
        guard !parts.isEmpty, var object = document.objectValue else { return document }
        for member in ["paths", "definitions"] {
            var members = object[member]?.objectValue?.members ?? []
            var known = Set(members.map(\.key))
            for part in parts {
                for entry in part[member]?.objectValue?.members ?? [] where known.insert(entry.key).inserted { members.append(entry) }
            }
            object[member] = .object(JSONObject(members: members.sorted { $0.key < $1.key }))
        }
        return .object(object)
    }
}
