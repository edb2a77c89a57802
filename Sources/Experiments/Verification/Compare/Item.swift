/// One thing that was declared: what it must be in the kernel, and why.
package struct Expectation: Sendable, Hashable {
    package var path: String
    package var wanted: Requirement
    /// What happens, or can happen, when it is otherwise.
    package var why: String
    /// How the value follows from the manifest; empty where it stands there as it is.
    package var formula: String
    /// Nobody asked for anything but the kernel's default: where it can't be put in force, nothing is lost.
    package var isDefault: Bool

    package init(_ path: String, _ wanted: Requirement, why: String, formula: String = "", isDefault: Bool = false) {
        self.path = path
        self.wanted = wanted
        self.why = why
        self.formula = formula
        self.isDefault = isDefault
    }
}

/// An expectation beside what was found.
package struct Item: Sendable, Hashable {
    package enum State: String, Sendable, Hashable, CaseIterable {
        case ok, differs
        /// Asked for, and nothing on this machine can put it in force. Never silently right.
        case notEnforced = "not enforced"
        /// It could not be read.
        case unknown
    }

    package var expectation: Expectation
    package var state: State
    package var found: String
    /// The file or call that it was read from.
    package var place: String

    package init(_ expectation: Expectation, _ finding: Finding?) {
        self.expectation = expectation
        let finding = finding ?? Finding(.absent, at: "")
        found = finding.reading.text
        place = finding.place
        switch finding.reading {
        case .unenforceable: state = expectation.isDefault ? .ok : .notEnforced
        case .unreadable: state = .unknown
        default: state = expectation.wanted.isMet(by: finding.reading) ?? false ? .ok : .differs
        }
    }
}

package enum Comparison {
    /// An item for each expectation, in order.
    package static func compare(_ expectations: [Expectation], _ findings: Findings) -> [Item] {
        expectations.map { Item($0, findings[$0.path] ?? findings.failure(above: $0.path)) }
    }
}
