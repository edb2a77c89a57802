/// What a log of changes holds.
public protocol Revisioned: Sendable {
    var revision: Int64 { get }
    /// What it takes of the memory, but for a constant.
    var sizeBytes: Int { get }
}

/// The last changes in order of revision, bounded in number and in bytes: what watches that keep up read from.
public struct RecentLog<Change: Revisioned>: Sendable {
    public let countMax: Int
    public let bytesMax: Int
    @usableFromInline var changes: [Change] = []
    /// Where the kept ones begin; those before are dropped in one go, when they are half.
    @usableFromInline var head = 0
    @usableFromInline var bytes = 0
    @usableFromInline var lastDropped: Int64
    /// Every change after this revision is kept.
    @inlinable public var floor: Int64 { lastDropped }

    @inlinable public init(floor: Int64, countMax: Int, bytesMax: Int) {
        lastDropped = floor
        self.countMax = countMax
        self.bytesMax = bytesMax
    }

    @inlinable public mutating func append(contentsOf commit: [Change]) {
        for change in commit { append(change) }
    }

    @inlinable public mutating func append(_ change: Change) {
        changes.append(change)
        bytes += change.sizeBytes
        while head < changes.count, changes.count - head > countMax || bytes > bytesMax {
            lastDropped = changes[head].revision
            bytes -= changes[head].sizeBytes
            head += 1
        }
        if head > changes.count / 2 {
            changes.removeFirst(head)
            head = 0
        }
    }

    /// The changes after a revision; nil when they are not all kept.
    @inlinable public func changes(after revision: Int64) -> ArraySlice<Change>? {
        guard revision >= floor else { return nil }
        return changes[changes[head...].partitionPoint { $0.revision > revision }...]
    }
}
