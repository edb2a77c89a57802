package import APIMachinery
internal import LinuxSystem

/// One pod, declared beside actual.
package struct PodVerification: Sendable {
    /// `NAMESPACE/NAME`
    package var pod: String
    package var items: [Item]
    /// All that was read, also what nobody declared.
    package var findings: Findings
    /// Containers of the pod that do not run and so were not looked at.
    package var notRunning: [String]
    /// Those of them that ended while they were looked at: what was read of them may be half a process, so none of it counts.
    package var ended: [String]

    /// Reads the kernel and compares.
    ///
    /// - Parameter extra: Expectations of a user's own.
    package init(_ facts: PodFacts, extra: [Expectation] = []) {
        let declaration = Declaration(facts)
        let watched = facts.containers.map(WatchedContainer.init)
        let found = Actual.read(declaration)
        let ended = watched.filter(\.hasEnded).map(\.name)
        let metadata = facts.pod.metadata
        pod = "\(metadata.namespace ?? "default")/\(metadata.name ?? "")"
        findings = found
        // A path of nothing that was read is a difference of the user's own file, unless that is what was asked for.
        let own = extra.map { Item($0, found[$0.path] ?? Finding(.absent, at: "no such path in the tree")) }
        items = (Comparison.compare(declaration.expectations, found) + own).filter { item in
            !ended.contains { item.expectation.path.hasPrefix("\($0)/") }
        }
        self.ended = ended
        let running = Set(facts.containers.map(\.name)).subtracting(ended)
        notRunning = (facts.pod.spec.containers + facts.pod.spec.initContainers.filter { $0.restartPolicy == "Always" }).map(\.name)
            .filter { !running.contains($0) }
    }

    package func count(_ state: Item.State) -> Int { items.count { $0.state == state } }
    package var differences: [Item] { items.filter { $0.state != .ok } }
    /// What can't be read is no difference, and what can't be put in force is one.
    package var isRight: Bool { !items.contains { $0.state == .differs || $0.state == .notEnforced } && notRunning.isEmpty }

    /// - Parameter all: Also what is as it should be, and everything that was read.
    package func json(all: Bool) -> JSONValue {
        var object = JSONObject()
        object["pod"] = .string(pod)
        object["right"] = .bool(isRight)
        object["checked"] = .integer(Int64(items.count))
        for state in Item.State.allCases { object[Self.key(state)] = .integer(Int64(count(state))) }
        if !notRunning.isEmpty { object["containersNotRunning"] = .array(notRunning.map { .string($0) }) }
        object["items"] = .array((all ? items : differences).map { .object(Self.json(of: $0)) })
        if all {
            object["tree"] = .object(
                JSONObject(members: findings.paths.map { .init(key: $0, value: Self.json(of: findings[$0])) }))
        }
        return .object(object)
    }

    private static func key(_ state: Item.State) -> String { state == .notEnforced ? "notEnforced" : state.rawValue }

    private static func json(of item: Item) -> JSONObject {
        var object = JSONObject()
        object["path"] = .string(item.expectation.path)
        object["state"] = .string(key(item.state))
        object["wanted"] = .string(item.expectation.wanted.text)
        object["found"] = .string(item.found)
        object["where"] = .string(item.place)
        object["why"] = .string(item.expectation.why)
        if !item.expectation.formula.isEmpty { object["formula"] = .string(item.expectation.formula) }
        return object
    }

    private static func json(of finding: Finding?) -> JSONValue {
        switch finding?.reading {
        case .value(let text)?: .string(text)
        case .list(let members)?: .array(members.map { .string($0) })
        case let other?: .object(JSONObject(members: [.init(key: "problem", value: .string(other.text))]))
        case nil: .null
        }
    }

    package var cases: [TestCase] {
        items.map { item in
            let message = "wanted \(item.expectation.wanted.text), found \(item.found)"
            let outcome: TestCase.Outcome =
                switch item.state {
                case .ok: .passed
                case .differs: .failed(message)
                case .notEnforced: .failed("\(item.found); wanted \(item.expectation.wanted.text)")
                case .unknown: .skipped(item.found)
                }
            let details = [("where", item.place), ("why", item.expectation.why), ("formula", item.expectation.formula)]
                .filter { !$0.1.isEmpty }.map { (name: $0.0, value: $0.1) }
            return TestCase(group: "verify.\(pod)", name: item.expectation.path, outcome: outcome, details: details)
        } + notRunning.map { TestCase(group: "verify.\(pod)", name: $0, outcome: .failed("the container does not run")) }
    }
}

/// Held by descriptor, since a number can come to mean another process.
private final class WatchedContainer {
    let name: String
    private let process: OwnedFD?

    init(_ container: ContainerFacts) {
        name = container.name
        process = try? .process(container.pid)
    }

    var hasEnded: Bool {
        switch process {
        case nil: true
        case .some(let process): process.hasEnded
        }
    }
}
