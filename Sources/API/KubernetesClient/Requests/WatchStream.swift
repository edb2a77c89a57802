internal import APIMachinery
package import KubernetesAPI

/// A change that a watch tells of.
package enum WatchEvent<Object: KubernetesObject>: Sendable {
    case added(Object)
    case modified(Object)
    /// With the object's last state.
    case deleted(Object)
    /// Everything up to this revision has been told.
    case bookmark(resourceVersion: String, endsInitialEvents: Bool)
}

/// The changes in order. It ends when the server ends it, and throws what the server or the transport says of a failure.
package struct WatchStream<Object: KubernetesObject>: AsyncSequence, Sendable {
    package typealias Element = WatchEvent<Object>
    package typealias Failure = ClientError
    let body: ByteStream

    /// Ends the watch at once, also for a reader that waits.
    package func cancel() { body.cancel() }

    package func makeAsyncIterator() -> Iterator { Iterator(chunks: body.makeAsyncIterator()) }

    package struct Iterator: AsyncIteratorProtocol {
        var chunks: ByteStream.Iterator
        var lines = LineBuffer()

        package mutating func next() async throws(ClientError) -> Element? {
            while true {
                if let line = lines.next() { return try WatchEvent(line: line) }
                let chunk: [UInt8]?
                do { chunk = try await chunks.next() } catch { throw .transport(error) }
                guard let chunk else {
                    guard lines.isEmpty else { throw .unreadable("the watch broke off within an event") }
                    return nil
                }
                lines.append(chunk)
            }
        }

        package mutating func next(isolation actor: isolated (any Actor)?) async throws(ClientError) -> Element? {
            try await next()
        }
    }
}

/// Cuts chunks of bytes into lines. A watch sends each event as one line of JSON.
struct LineBuffer {
    private var bytes: [UInt8] = []
    private var start = 0
    /// Up to where no line end has been found.
    private var searched = 0

    /// Nothing is left but white space.
    var isEmpty: Bool { bytes[start...].allSatisfy { $0 <= 0x20 } }

    mutating func append(_ chunk: [UInt8]) {
        if start == bytes.count {
            bytes = chunk
            (start, searched) = (0, 0)
            return
        }
        if start > 0 {
            bytes.removeFirst(start)
            searched -= start
            start = 0
        }
        bytes += chunk
    }

    /// The next whole line that is not empty, without its end.
    mutating func next() -> ArraySlice<UInt8>? {
        while let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
            defer { (start, searched) = (end + 1, end + 1) }
            let line = bytes[start..<end]
            if line.contains(where: { $0 > 0x20 }) { return line }
        }
        searched = bytes.count
        return nil
    }
}

extension WatchEvent {
    /// - Throws: What an `ERROR` event says.
    init(line: ArraySlice<UInt8>) throws(ClientError) {
        let json: JSONValue
        do { json = try JSONValue(parsing: Array(line)) } catch { throw .unreadable("a watch event is no JSON: \(error)") }
        guard let type = json["type"]?.stringValue, let object = json["object"] else {
            throw .unreadable("a watch event lacks its type or object")
        }
        switch type {
        case "ADDED": self = .added(try Self.decode(object))
        case "MODIFIED": self = .modified(try Self.decode(object))
        case "DELETED": self = .deleted(try Self.decode(object))
        case "BOOKMARK":
            let metadata = object["metadata"]
            self = .bookmark(
                resourceVersion: metadata?["resourceVersion"]?.stringValue ?? "",
                endsInitialEvents: metadata?["annotations"]?["k8s.io/initial-events-end"]?.stringValue == "true")
        case "ERROR":
            throw .status(Status(json: object) ?? Status(code: 500, reason: .internalError, message: "\(object)"))
        default: throw .unreadable("a watch event has the unknown type \(type)")
        }
    }

    private static func decode(_ json: JSONValue) throws(ClientError) -> Object {
        guard let object = Object.decode(json, options: .lenient).object else {
            throw .unreadable("a watch event's object is no \(Object.groupVersionKind.kind)")
        }
        return object
    }
}
