/// A value of the store with the revisions at which it was made and last changed.
package struct StoredObject: Sendable, Hashable {
    package var key: String
    /// The bytes as they were written.
    package var value: [UInt8]
    package var createRevision: Int64
    package var modRevision: Int64

    package init(key: String, value: [UInt8], createRevision: Int64, modRevision: Int64) {
        self.key = key
        self.value = value
        self.createRevision = createRevision
        self.modRevision = modRevision
    }
}

/// One change. A commit may hold several, each with a revision of its own.
package struct StorageEvent: Revisioned, Hashable {
    package enum Kind: Sendable, Hashable { case created, updated, deleted }
    package var kind: Kind
    package var key: String
    /// The new value; of a deletion the last one.
    package var value: [UInt8]
    /// The value before; nil for a creation.
    package var previous: [UInt8]?
    /// The revision that made the object; for a watcher that needs to know its age.
    package var createRevision: Int64
    package var revision: Int64

    package init(kind: Kind, key: String, value: [UInt8], previous: [UInt8]?, createRevision: Int64, revision: Int64) {
        self.kind = kind
        self.key = key
        self.value = value
        self.previous = previous
        self.createRevision = createRevision
        self.revision = revision
    }

    package var sizeBytes: Int { key.utf8.count + value.count + (previous?.count ?? 0) }
}

/// What must hold of a key for a write to happen.
package enum Precondition: Sendable, Hashable {
    case absent
    /// Present, last changed at this revision.
    case revision(Int64)
    /// Present, whatever the revision.
    case present
    case any
}

/// A part of the keys in order, at one revision.
package struct StorageList: Sendable, Hashable {
    package var objects: [StoredObject]
    /// The revision that this is the state of.
    package var revision: Int64
    /// How many keys of the prefix come behind the last object.
    package var remaining: Int
    package init(objects: [StoredObject], revision: Int64, remaining: Int) {
        self.objects = objects
        self.revision = revision
        self.remaining = remaining
    }
}
