/// Lanes of bars over time, as SVG. Places are percentages, so that it fits any width while its text keeps its size.
struct TimelinePicture {
    struct Bar {
        var label: String
        /// A class of the page's style.
        var style: String
        /// Seconds.
        var begin: Double
        var end: Double
        var isFailure = false
        var title: String
    }
    struct Lane {
        var name: String
        var bars: [Bar]
    }
    let lanes: [Lane]
    /// Seconds.
    let length: Double

    private static let laneHeight = 42
    private static let barHeight = 18
    private static let top = 24
    /// Narrower than this share a label has no room in a window of any width.
    private static let labelShare = 0.05

    var svg: String {
        let shown = lanes.filter { lane in lane.bars.contains { $0.begin <= length } }
        let height = Self.top + shown.count * Self.laneHeight + 6
        var parts = ["<svg height=\"\(height)\" role=\"img\" aria-label=\"timeline\">"]
        for tick in ticks { parts.append(axis(tick, height)) }
        for (index, lane) in shown.enumerated() { parts += self.lane(lane, Self.top + index * Self.laneHeight) }
        return parts.joined(separator: "\n") + "\n</svg>\n"
    }

    static let legend: String = {
        let kinds = [
            ("start", "scheduling, sandbox, create, start"), ("image", "image, volumes"), ("run", "runs"), ("wait", "back-off"),
            ("stop", "stop, hooks"), ("probe", "probe"), ("bad", "failed"),
        ]
        return "<div class=\"legend\">"
            + kinds.map { "<span><i style=\"background: var(--\($0.0))\"></i>\($0.1)</span>" }.joined() + "</div>\n"
    }()

    private func axis(_ seconds: Double, _ height: Int) -> String {
        let x = place(seconds)
        let anchor = seconds == 0 ? "start" : "middle"
        return "<line class=\"grid\" x1=\"\(x)\" x2=\"\(x)\" y1=\"18\" y2=\"\(height)\"/>"
            + "<text class=\"soft\" x=\"\(x)\" y=\"12\" text-anchor=\"\(anchor)\">\(Self.tickText(seconds))</text>"
    }

    private func lane(_ lane: Lane, _ y: Int) -> [String] {
        let barY = y + 18
        var parts = [
            "<text x=\"0\" y=\"\(y + 13)\">\(HTML.escaped(lane.name))</text>",
            "<rect class=\"track\" x=\"0\" y=\"\(barY)\" width=\"100%\" height=\"\(Self.barHeight)\" rx=\"3\"/>",
        ]
        for bar in lane.bars where bar.begin <= length { parts.append(self.bar(bar, barY)) }
        return parts
    }

    private func bar(_ bar: Bar, _ y: Int) -> String {
        let end = min(bar.end, length)
        let share = (end - bar.begin) / length
        let width = max(share * 100, 0.15)
        var text =
            "<g><title>\(HTML.escaped(bar.title))</title><rect class=\"\(bar.isFailure ? "fails" : bar.style)\" x=\"\(place(bar.begin))\" y=\"\(y)\" "
            + "width=\"\(Self.percent(width))\" height=\"\(Self.barHeight)\" rx=\"2\"/>"
        if share * 100 > Self.labelShare * 100 * max(1, Double(bar.label.count) / 4) {
            text +=
                "<text class=\"in\" x=\"\(place(bar.begin + (end - bar.begin) / 2))\" y=\"\(y + 13)\" text-anchor=\"middle\">\(HTML.escaped(bar.label))</text>"
        }
        return text + "</g>"
    }

    private func place(_ seconds: Double) -> String { Self.percent(seconds / length * 100) }

    /// Three digits behind the point are enough for any screen.
    static func percent(_ value: Double) -> String { "\((value * 1_000).rounded() / 1_000)%" }

    /// At most six, at round numbers.
    var ticks: [Double] {
        let steps: [Double] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400]
        var step = steps.first { length / $0 <= 6 } ?? (length / 5).rounded()
        if length < 1 {
            step = 1
            while length / step < 3 { step /= length / step < 1.2 ? 10 : 2 }
        }
        return stride(from: 0, to: length * 0.97, by: step).map { $0 }
    }

    static func tickText(_ seconds: Double) -> String {
        if seconds == 0 { return "0" }
        return ShortTime.text(.microseconds(Int64((seconds * 1_000_000).rounded())))
    }
}
