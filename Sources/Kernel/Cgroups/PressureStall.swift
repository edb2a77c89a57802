package import LinuxSystem

/// Pressure stall information: for how much of the time work stood still for want of a resource (Documentation/accounting/psi.rst).
package struct PressureStall: Sendable, Hashable {
    package struct Line: Sendable, Hashable {
        /// Per cent of the last 10, 60 and 300 seconds.
        package var average10: Double
        package var average60: Double
        package var average300: Double
        package var totalMicroseconds: UInt64

        package init(average10: Double, average60: Double, average300: Double, totalMicroseconds: UInt64) {
            self.average10 = average10
            self.average60 = average60
            self.average300 = average300
            self.totalMicroseconds = totalMicroseconds
        }
    }

    package enum Resource: String, Sendable, Hashable, CaseIterable { case cpu, memory, io }

    /// At least one task waited.
    package var some: Line
    /// All tasks waited. Old kernels do not tell it for the CPU.
    package var full: Line?

    package init(some: Line, full: Line?) {
        self.some = some
        self.full = full
    }

    /// Reads `some avg10=0.00 avg60=0.00 avg300=0.00 total=0` and the like line that begins with `full`.
    package init?(parsing text: String) {
        let lines = text.split(separator: "\n")
        guard let some = lines.first(where: { $0.hasPrefix("some ") }).flatMap(Line.init(parsing:)) else { return nil }
        self.init(some: some, full: lines.first { $0.hasPrefix("full ") }.flatMap(Line.init(parsing:)))
    }
}

extension PressureStall.Line {
    fileprivate init?(parsing line: Substring) {
        func value(_ key: String) -> Substring? {
            line.split(separator: " ").first { $0.hasPrefix(key) }?.dropFirst(key.count)
        }
        guard let average10 = value("avg10=").flatMap({ Double($0) }),
            let average60 = value("avg60=").flatMap({ Double($0) }),
            let average300 = value("avg300=").flatMap({ Double($0) }),
            let total = value("total=").flatMap({ UInt64($0) })
        else { return nil }
        self.init(average10: average10, average60: average60, average300: average300, totalMicroseconds: total)
    }
}

extension Cgroup {
    /// The pressure within this cgroup; `nil` when the kernel has none to tell (not built in, or switched off at boot).
    package func pressure(_ resource: PressureStall.Resource) throws(SystemError) -> PressureStall? {
        try readIfPresent("\(resource.rawValue).pressure").flatMap { PressureStall(parsing: $0) }
    }
}
