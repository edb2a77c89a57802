internal import APIMachinery
internal import Storage
import Synchronization

/// An object in memory as the store holds it, shared by everybody who reads it.
package final class StoredItem: Keyed, Sendable {
    package let key: String
    /// In the form of the resource's storage version.
    package let value: [UInt8]
    package let createRevision: Int64
    package let modRevision: Int64
    /// The apiVersion of an object that was stored before the storage version became another one; nil for all others. Its bytes say the new
    /// one all the same.
    let writtenVersion: String?
    private let conversions = AtomicLazyReference<Conversions>()
    private let labelBox = AtomicLazyReference<Box<[String: String]>>()
    private let fieldBox = AtomicLazyReference<Box<[String: String]>>()
    private let rowBox = AtomicLazyReference<Box<TableRow>>()

    init(key: String, value: [UInt8], createRevision: Int64, modRevision: Int64, writtenVersion: String? = nil) {
        self.key = key
        self.value = value
        self.createRevision = createRevision
        self.modRevision = modRevision
        self.writtenVersion = writtenVersion
    }

    /// The object's name: what stands behind the last slash of the key.
    package var name: Substring { key[(key.lastIndex(of: "/").map { key.index(after: $0) } ?? key.startIndex)...] }

    /// Found when first asked for.
    func labels(_ form: StoredForm) -> [String: String] {
        if let box = labelBox.load() { return box.value }
        return labelBox.storeIfNil(Box(MetadataScanner.labels(in: value, metadataAt: form.head.count))).value
    }

    /// The object in another version, when a webhook has brought it there.
    func converted(to apiVersion: String) -> JSONObject? { conversions.load()?.objects.withLock { $0[apiVersion] } }

    func remember(_ object: JSONObject, as apiVersion: String) {
        conversions.storeIfNil(Conversions()).objects.withLock { $0[apiVersion] = object }
    }

    /// By apiVersion.
    private final class Conversions: Sendable {
        let objects = Mutex<[String: JSONObject]>([:])
    }

    /// The object's row in a table of its stored version; the object is read once for it, and only if somebody asks for tables.
    func row(_ make: () -> TableRow) -> TableRow {
        if let box = rowBox.load() { return box.value }
        return rowBox.storeIfNil(Box(make())).value
    }

    /// The values of a kind's field labels; the object is read once for them, and only if somebody selects by them.
    func fields(_ compute: () -> [String: String]) -> [String: String] {
        if let box = fieldBox.load() { return box.value }
        return fieldBox.storeIfNil(Box(compute())).value
    }
}

/// A value behind a reference.
final class Box<Value: Sendable>: Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
