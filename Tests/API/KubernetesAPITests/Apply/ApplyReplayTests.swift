import APIMachinery
import Testing

@testable import KubernetesAPI

#if canImport(Glibc)
    import Glibc
#endif

/// Replays what a real API server answered to applies and to the writes between them.
///
/// The answers are not part of this project: `SWIFTLET_RECORDED` names the directory that holds `patches.jsonl` and
/// `errors.jsonl`. They are a sample, so `missingSteps` tells the writes between them that it leaves out.
@Suite struct ApplyReplayTests {
    static let directory = unsafe getenv("SWIFTLET_RECORDED").map { unsafe String(cString: $0) }

    static func lines(_ name: String) throws -> [JSONValue] {
        try #require(directory.map { readFile("\($0)/\(name)") } ?? nil, "no \(name)")
            .split(separator: UInt8(ascii: "\n")).map { try JSONValue(parsing: Array($0)) }
    }

    @Test(.enabled(if: directory != nil, "SWIFTLET_RECORDED is not set"))
    func `applies end as recorded`() throws {
        var server = ApplyServer()
        var compared = 0
        var differing: [String] = []
        for line in try Self.lines("patches.jsonl") {
            let name = line["name"]?.stringValue ?? ""
            for step in Self.missingSteps[name] ?? [] { _ = server.handle(try JSONValue(parsing: step)) }
            guard let request = line["request"], let expected = line["response"] else { continue }
            // The rest of the file is about other patches.
            guard server.isStarted || name == "apply: creates" else { continue }
            server.isStarted = true
            let answer = server.handle(request)
            if line["setup"] == true || request["method"] == "DELETE" { continue }
            compared += 1
            if let difference = Self.difference(answer, expected) { differing.append("\(name): \(difference)") }
        }
        #expect(differing.isEmpty, "\(differing.joined(separator: "\n"))")
        #expect(compared >= 49)
    }

    @Test(.enabled(if: directory != nil, "SWIFTLET_RECORDED is not set"))
    func `errors of applies are worded as recorded`() throws {
        var compared = 0
        for line in try Self.lines("errors.jsonl") {
            guard let request = line["request"], let body = request["body"],
                request["headers"]?["Content-Type"] == "application/apply-patch+yaml", request["method"] == "PATCH",
                let message = line["response"]?["body"]?["message"]?.stringValue,
                ["failed to create typed", "invalid object type", "metadata.managedFields"].contains(where: message.hasPrefix)
            else { continue }
            var server = ApplyServer()
            let answer = server.handle(request)
            compared += 1
            #expect(answer["body"]?["message"]?.stringValue == message, "\(line["name"] ?? .null) \(body)")
            #expect(answer["code"] == line["response"]?["code"])
            #expect(answer["body"]?["reason"] == line["response"]?["body"]?["reason"])
        }
        #expect(compared >= 10)
    }

    /// Writes that the recording made before the named one, and left out of the sample.
    static let missingSteps: [String: [String]] = {
        func apply(_ resource: String, _ name: String, _ manager: String, _ body: String, _ more: String = "") -> String {
            let base = resource == "deployments" ? "/apis/apps/v1" : "/api/v1"
            return #"{"method":"PATCH","path":"\#(base)/namespaces/rec-patches/\#(resource)/\#(name)?fieldManager=\#(manager)\#(more)","#
                + #""headers":{"Content-Type":"application/apply-patch+yaml"},"body":\#(body)}"#
        }
        func configMap(_ rest: String) -> String { #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},\#(rest)}"# }
        func deployment(_ spec: String) -> String {
            #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":\#(spec)}"#
        }
        let first =
            #"{"name":"a","image":"a:1","ports":[{"containerPort":80,"name":"h"},{"containerPort":53,"protocol":"UDP","name":"u"}],"env":[{"name":"X","value":"1"},{"name":"Y","value":"2"}],"args":["p"]}"#
        let whole = deployment(
            #"{"replicas":0,"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[\#(first)]}}}"#
        )
        let scale =
            #"{"method":"PATCH","path":"/apis/apps/v1/namespaces/rec-patches/deployments/d/scale?fieldManager=scaler","headers":{"Content-Type":"application/merge-patch+json"},"body":{"spec":{"replicas":REPLICAS}}}"#
        func scaled(_ replicas: String) -> String {
            let parts = scale.split(separator: "REPLICAS")
            return parts[0] + replicas + parts[1]
        }
        return [
            "apply: conflict on b": [apply("configmaps", "c", "two", configMap(#""data":{"a":"1","c":"3"}"#))],
            "apply: first leaves out its fields; shared ones stay": [
                apply("configmaps", "c", "two", configMap(#""data":{"b":"9","a":"1"}"#), "&force=true")
            ],
            "apply: env order": [apply("deployments", "d", "one", whole)],
            "apply: replicas given up, defaulted": [
                apply("deployments", "d", "two", deployment(#"{"template":{"spec":{"tolerations":[{"key":"z","operator":"Exists"}]}}}"#))
            ],
            "scale to another number": [scaled("0")],
            "apply: status by apply": [apply("deployments", "d", "one", whole)],
            "scale, seen on the deployment": [scaled("2")],
            "apply: service selector is atomic": [
                apply(
                    "services", "s", "one",
                    #"{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":[{"port":53,"name":"t"},{"port":53,"protocol":"UDP","name":"u"}],"clusterIP":"None","selector":{"a":"b"}}}"#
                )
            ],
        ]
    }()

    /// - Returns: What differs among the members that were recorded; nil when nothing does.
    private static func difference(_ answer: JSONValue, _ expected: JSONValue) -> String? {
        if answer["code"] != expected["code"] { return "\(answer) instead of \(expected)" }
        guard let body = expected["body"] else { return nil }
        let got = timesMasked(answer["body"] ?? .null)
        return firstDifference(got, body, at: "")
    }

    private static func firstDifference(_ got: JSONValue, _ expected: JSONValue, at path: String) -> String? {
        switch (got, expected) {
        case (.object(let gotObject), .object(let expectedObject)) where !path.contains("managedFields"):
            for member in expectedObject.members {
                guard let value = gotObject[member.key] else { return "\(path).\(member.key) is missing" }
                if let difference = firstDifference(value, member.value, at: "\(path).\(member.key)") { return difference }
            }
            // The recording keeps whole lists of managed fields, whole specs of custom resources and whole errors.
            if path == ".metadata", expectedObject["managedFields"] == nil, gotObject["managedFields"] != nil {
                return "managedFields should be absent"
            }
            return nil
        default: return got == expected ? nil : "\(path) is\n  \(got), not\n  \(expected)"
        }
    }

    private static func timesMasked(_ body: JSONValue) -> JSONValue {
        guard let entries = body["metadata"]?["managedFields"]?.arrayValue else { return body }
        var body = body
        body["metadata", default: [:]]["managedFields"] = .array(
            entries.map { entry in
                var entry = entry
                if entry["time"] != nil { entry["time"] = "<time>" }
                return entry
            })
        return body
    }
}

private func readFile(_ path: String) -> [UInt8]? {
    guard let file = unsafe fopen(path, "r") else { return nil }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = unsafe fread(&chunk, 1, chunk.count, file)
        if count == 0 { return bytes }
        bytes += chunk[..<count]
    }
}
