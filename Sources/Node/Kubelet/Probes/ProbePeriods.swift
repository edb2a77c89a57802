package import KubernetesAPI

/// Periods below a second, which a probe's own field can't have: `probe.swiftlet.dev/<container>.<kind>-period: 200ms`.
package enum ProbePeriods {
    package static let annotationPrefix = "probe.swiftlet.dev/"
    private static let suffix = "-period"
    /// Below, a probe would be most of what its container does.
    package static let min = Duration.milliseconds(10)
    package static let max = Duration.seconds(3_600)

    /// nil: none is given, or it is refused.
    static func period(_ kind: ProbeKind, _ container: String, _ pod: Pod) -> Duration? {
        pod.metadata.annotations["\(annotationPrefix)\(container).\(kind.rawValue)\(suffix)"].flatMap(parse)
    }

    /// What is wrong with the pod's annotations of this kind, a line each.
    package static func problems(_ pod: Pod) -> [String] {
        pod.metadata.annotations.keys.filter { $0.hasPrefix(annotationPrefix) }.sorted().compactMap { key in
            problem(key, pod.metadata.annotations[key] ?? "", pod).map { "annotation \(key): \($0)" }
        }
    }

    private static func problem(_ key: String, _ value: String, _ pod: Pod) -> String? {
        let name = key.dropFirst(annotationPrefix.count)
        guard name.hasSuffix(suffix), let dot = name.lastIndex(of: "."),
            let kind = ProbeKind(rawValue: String(name[name.index(after: dot)...].dropLast(suffix.count)))
        else { return "must be <container>.<liveness|readiness|startup>-period" }
        guard let container = (pod.spec.initContainers + pod.spec.containers).first(where: { $0.name == name[..<dot] }) else {
            return "there is no container \"\(name[..<dot])\""
        }
        guard kind.probe(of: container) != nil else { return "container \(container.name) has no \(kind.rawValue) probe" }
        guard parse(value) != nil else { return "\"\(value)\" must be a duration from 10ms to 1h, as 200ms or 1.5s" }
        return nil
    }

    /// A number with one of the units ms, s, m, h.
    static func parse(_ text: String) -> Duration? {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3_600)]
        guard let (unit, factor) = units.first(where: { text.hasSuffix($0.0) }) else { return nil }
        let digits = text.dropLast(unit.count)
        guard !digits.isEmpty, digits.allSatisfy({ $0 == "." || ("0"..."9").contains($0) }), let number = Double(digits) else { return nil }
        let seconds = number * factor
        guard seconds <= 3_600 else { return nil }
        let period = Duration.microseconds(Int64((seconds * 1_000_000).rounded()))
        return min <= period && period <= max ? period : nil
    }
}
