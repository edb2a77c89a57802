import APIMachinery
import Testing

@testable import KubernetesAPI

/// Sends the recorded requests through the strategies and compares the answers. What other parts decide (admission,
/// allocation of addresses, the store) is left out; how many have to be equal is the state of the art, not a share to lose.
@Suite(.enabled(if: RecordedFile.isGiven))
struct StrategyReplayTests {
    @Test func `defaults are those of the real server`() throws {
        var (server, score) = (ReplayServer(), ReplayScore())
        for exchange in try RecordedFile("defaults.jsonl").exchanges {
            guard let route = ReplayServer.route(exchange.path), exchange.method == "POST", route.name == nil else { continue }
            let answer = server.handle(exchange, route)
            guard let expected = exchange.answer, exchange.code == 201 else { continue }
            let (left, right) = (Placeholders.withoutOthersWork(answer.object), Placeholders.withoutOthersWork(expected.objectValue))
            score.count(route.resource.kind.kind, isEqual: left == right) {
                "\(exchange.name): \(answer.code) \(answer.message)\n      got  \(JSONValue.object(left))\n      want \(JSONValue.object(right))"
            }
        }
        score.print("defaults.jsonl")
        #expect(score.equal == score.total)
    }

    @Test func `tables are those of the real server`() throws {
        var (server, score) = (ReplayServer(), ReplayScore())
        for exchange in try RecordedFile("tables.jsonl").exchanges {
            guard let route = ReplayServer.route(exchange.path) else { continue }
            if exchange.method != "GET" {
                let answer = server.handle(exchange, route)
                if exchange.code < 300, answer.code >= 400, answer.code != 409 {
                    score.count("set up", isEqual: false) { "\(exchange.name) \(exchange.path): \(answer.code) \(answer.message)" }
                }
                continue
            }
            let kind = route.resource.kind.kind
            if exchange.name.hasPrefix("columns of"), let wanted = exchange.answer {
                let columns: JSONValue = .array(
                    route.strategy.columns.map { column in
                        [.string(column.name), .string(column.type), .string(column.format), .integer(Int64(column.priority))]
                    })
                score.count(kind, isEqual: columns == wanted) { "\(exchange.name):\n      got  \(columns)\n      want \(wanted)" }
            } else if let wanted = exchange.answer?["cells"], let object = server.object(route) {
                let cells = JSONValue.array(route.strategy.cells(of: object, now: TableClock(.now() + .seconds(5))))
                let conditions = JSONValue.array(route.strategy.rowConditions(of: object))
                let isEqual =
                    Placeholders.match(Placeholders.withoutUID(cells), wanted) && conditions == exchange.answer?["conditions"] ?? []
                score.count(kind, isEqual: isEqual) { "\(exchange.name):\n      got  \(cells) \(conditions)\n      want \(wanted)" }
            }
        }
        score.print("tables.jsonl")
        #expect(score.equal >= 150)
    }

    @Test func `refusals are those of the real server`() throws {
        var (server, score) = (ReplayServer(), ReplayScore())
        for exchange in try RecordedFile("errors.jsonl").exchanges {
            guard exchange.text == nil, let route = ReplayServer.route(exchange.path), exchange.method != "GET" else { continue }
            let answer = server.handle(exchange, route)
            guard Placeholders.isStrategysBusiness(exchange, route) else { continue }
            let message = exchange.answer?["message"]?.stringValue ?? ""
            let isEqual =
                exchange.code < 300
                ? answer.code < 300 || answer.code == 409
                : answer.code == exchange.code && Placeholders.same(answer.message, message)
            score.count(route.resource.kind.kind, isEqual: isEqual) {
                "\(exchange.name) \(exchange.method) \(exchange.path): \(answer.code) for \(exchange.code)\n      got  \(answer.message)\n      want \(message)"
            }
        }
        score.print("errors.jsonl")
        #expect(score.equal >= 900)
    }

    @Test func `warnings are those of the real server`() throws {
        var (server, score) = (ReplayServer(), ReplayScore())
        for exchange in try RecordedFile("errors.jsonl").exchanges {
            guard exchange.text == nil, let route = ReplayServer.route(exchange.path), exchange.method != "GET" else { continue }
            let answer = server.handle(exchange, route)
            guard exchange.code == 201, answer.code == 201, exchange.method == "POST", route.name == nil else { continue }
            // Versions and kinds that are going away are the server's own list.
            let wanted = exchange.warnings.filter { !$0.contains("is deprecated in") && !$0.contains("finalizer name") }
            // What this server cannot do yet it says in words of its own.
            let got = answer.warnings.filter { !$0.contains("not supported yet") }.map { "299 - \(JSONValue.string($0))" }
            if wanted.isEmpty, got.isEmpty { continue }
            let isCut = wanted.count > 50 || exchange.path.contains("Ignore")  // headers have a limit of their own
            score.count(route.resource.kind.kind, isEqual: isCut || got == wanted) {
                "\(exchange.name)\n      got  \(got)\n      want \(wanted)"
            }
        }
        score.print("errors.jsonl, warnings")
        #expect(score.equal >= 15)
    }

    @Test func `field selectors are refused in the real server's words`() throws {
        var score = ReplayScore()
        for exchange in try RecordedFile("errors.jsonl").exchanges where exchange.path.contains("fieldSelector=") {
            guard let route = ReplayServer.route(exchange.path), exchange.method == "GET", route.name == nil,
                let range = exchange.path.firstRange(of: "fieldSelector="), exchange.code == 200 || exchange.code == 400
            else { continue }
            let text = exchange.path[range.upperBound...].prefix { $0 != "&" && $0 != "%" }
            guard exchange.path[range.upperBound...].contains("%3D"), !exchange.path.contains("%5C") else { continue }
            let label = String(text)
            let isKnown = ["metadata.name", "metadata.namespace"].contains(label) || route.strategy.fieldLabels.contains(label)
            let message = isKnown ? "" : route.strategy.unsupportedFieldLabel(label)
            let wanted = exchange.code == 200 ? "" : exchange.answer?["message"]?.stringValue ?? ""
            score.count(route.resource.kind.kind, isEqual: message == wanted) { "\(label): got \(message), want \(wanted)" }
        }
        score.print("errors.jsonl, field selectors")
        #expect(score.equal == score.total)
    }
}
