/// The text of an expression with its lines, for messages that show the place.
struct SourceText: Sendable {
    let scalars: [Unicode.Scalar]
    /// Where each line begins.
    private let lineStarts: [Int]

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
        var starts = [0]
        for (index, scalar) in scalars.enumerated() where scalar == "\n" { starts.append(index + 1) }
        lineStarts = starts
    }

    /// - Returns: The line counted from 1 and the column from 0.
    func location(of offset: Int) -> (line: Int, column: Int) {
        var (low, high) = (0, lineStarts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return (low + 1, offset - lineStarts[low])
    }

    /// A line without its end, counted from 1.
    func line(_ number: Int) -> String {
        let start = lineStarts[number - 1]
        let end = number < lineStarts.count ? lineStarts[number] - 1 : scalars.count
        return text(start..<max(start, end))
    }

    func text(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[range.clamped(to: 0..<scalars.count)])
        return String(text)
    }

    /// The message as cel-go lays it out: place, source line and a caret below the place.
    func report(_ message: String, at offset: Int) -> String {
        let (line, column) = location(of: offset)
        let source = self.line(line)
        let shown = String(String.UnicodeScalarView(source.unicodeScalars.map { $0 == "\t" ? " " : $0 }))
        let dots = String(repeating: ".", count: column)
        return "ERROR: <input>:\(line):\(column + 1): \(message)\n | \(shown)\n | \(dots)^"
    }
}
