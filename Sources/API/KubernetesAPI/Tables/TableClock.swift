package import APIMachinery

/// What the ages in a table are counted from.
///
/// A row whose ages are marks instead can be kept and finished for any time: all else in it depends on the object alone.
package struct TableClock: Sendable {
    /// nil to write marks.
    let time: Timestamp?

    package init(_ time: Timestamp) { self.time = time }
    private init() { time = nil }

    package static let marking = TableClock()

    /// Begins a mark: nothing that an object could hold. Behind it stand the seconds and nanoseconds of a time: `MARK12.0;`
    package static let mark = "\(UInt64.random(in: .min ... .max))~"

    /// How long ago a time was, for people.
    package func since(_ start: Timestamp) -> String {
        guard let time else { return "\(Self.mark)\(start.seconds).\(start.nanoseconds);" }
        return Self.age(start, at: time)
    }

    package static func age(_ start: Timestamp, at time: Timestamp) -> String {
        HumanDuration.text(seconds: (time - start).components.seconds)
    }
}
