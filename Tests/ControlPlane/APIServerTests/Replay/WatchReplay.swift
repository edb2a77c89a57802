import APIMachinery
import APIServer

extension Replay {
    /// A line of a watch that ends by itself with one event.
    mutating func runShortWatch(_ line: JSONValue) async {
        let (response, reader) = await open(line["request"] ?? .null)
        _ = await reader?.waitForEnd()
        let got = reader.map { $0.events.first ?? .null } ?? (try? response.json) ?? .null
        let name = line["name"]?.stringValue ?? ""
        let want = line["response"]?["body"] ?? .null
        outcome.count(name, Difference.lines(want: want, got: Normalizer(request: nil).clean(got), isWhole: false), name)
    }

    /// A watch with what is done before and while it is open.
    mutating func runWatch(_ line: JSONValue) async {
        guard line["events"] != nil else {
            shape = { got, want in
                guard want["items"]?.integerValue != nil, let items = got["items"]?.arrayValue else { return got }
                var got = got
                got["items"] = .integer(Int64(items.count))
                return got
            }
            await noteContinue(line)
            return await run(line)
        }
        for action in line["before"]?.arrayValue ?? [] { _ = await send(action) }
        if Self.notesRevision.contains(where: { (line["name"]?.stringValue ?? "").hasPrefix($0) }) { await noteRevisions() }
        let (response, reader) = await open(line["request"] ?? .null)
        var lines: [String] = []
        for action in line["actions"]?.arrayValue ?? [] {
            let answer = await send(action)
            if action["code"]?.integerValue != Int64(answer.status) {
                lines.append("action \(action): got \(answer.status) \(answer.text.prefix(200))")
            }
        }
        let wanted = line["events"]?.arrayValue ?? []
        var events: [JSONValue] = []
        if let reader {
            if line["ended"] == "by the server" { _ = await reader.waitForEnd() } else { _ = await reader.events(wanted.count, seconds: 3) }
            events = reader.events
            reader.close()
        }
        if line["response"]?["code"]?.integerValue != Int64(response.status) { lines.append("code: got \(response.status)") }
        if line["varies"] != true {
            let got = JSONValue.array(events.map { Self.slim($0) })
            lines += Difference.lines(want: .array(wanted), got: got, isWhole: false, at: "events")
        }
        let name = line["name"]?.stringValue ?? ""
        for gone in Self.removedAfter[name] ?? [] {
            _ = await test.send("DELETE", "/api/v1/namespaces/rec-watch/configmaps/\(gone)")
        }
        outcome.count(name, lines, "\(name) | \(line["request"]?["path"]?.stringValue ?? "")")
    }

    private func open(_ request: JSONValue) async -> (APIResponse, EventReader?) {
        let response = await send(request)
        guard case .stream(let start) = response.body else { return (response, nil) }
        let reader = EventReader()
        start(reader)
        return (response, reader)
    }

    /// Before these the recorder reads the newest revision; between the others it goes on with the old one.
    private static let notesRevision = [
        "create, change", "a write that changes nothing", "watch=true spelled out", "label selector: entering", "field selector:",
        "graceful deletion", "one object by name", "finalizer:", "delete of a collection", "Table",
    ]
    /// What the recorder clears away after a case.
    private static let removedAfter = [
        "label selector: leaving without the change of labels being seen": ["s2"], "PartialObjectMetadata": ["t1", "t2"],
    ]

    private mutating func noteRevisions() async {
        variables["RV"] = String(test.storage.currentRevision)
        variables["PRV"] = variables["RV"]
    }

    private mutating func noteContinue(_ line: JSONValue) async {
        guard line["request"]?["path"]?.stringValue?.contains("$CONT") == true else { return }
        let list = try? await test.json("GET", "/api/v1/namespaces/rec-watch/configmaps?limit=1")
        variables["CONT"] = list?[path: "metadata.continue"]?.stringValue ?? ""
    }

    /// As the recorder keeps events.
    private static func slim(_ event: JSONValue) -> JSONValue {
        var object = Normalizer(request: nil).clean(event["object"] ?? .null)
        if object["kind"] == "Table" {
            let rows = (object["rows"]?.arrayValue ?? []).map { row -> JSONValue in
                let cells = (row["cells"]?.arrayValue ?? []).map { cell -> JSONValue in
                    guard let text = cell.stringValue, let last = text.last, "smh".contains(last), Int(text.dropLast()) != nil else {
                        return cell
                    }
                    return "<age>"
                }
                var object = JSONValue.null
                if let whole = row["object"], !whole.isNull {
                    object = ["kind": whole["kind"] ?? .null, "apiVersion": whole["apiVersion"] ?? .null]
                }
                return ["cells": .array(cells), "object": object]
            }
            object["rows"] = .array(rows)
            if let columns = object["columnDefinitions"]?.arrayValue {
                object["columnDefinitions"] = .array(columns.map { $0["name"] ?? .null })
            }
        }
        return ["type": event["type"] ?? .null, "object": object]
    }
}
