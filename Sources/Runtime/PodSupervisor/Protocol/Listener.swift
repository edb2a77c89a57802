internal import CLinux

/// The socket `supervisor.sock`, by which daemons and commands find the supervisor.
struct Listener: ~Copyable {
    static let name = Text("supervisor.sock")
    private let socket: Descriptor
    var number: Int32 { socket.number }

    init(in directory: borrowing Descriptor) throws(SystemFailure) {
        socket = try SystemFailure.descriptor(
            unsafe Self.name.withCString { name in unsafe sv_listen(directory.number, name) })
    }

    /// The next client with the supervisor's own uid; others are turned away. nil when nobody waits.
    func accept(uid: Int64) -> Descriptor? {
        while true {
            let number = sv_accept(socket.number)
            guard number >= 0 else { return nil }
            let client = Descriptor(adopting: number)
            if sv_peer_uid(client.number) == uid { return client }
        }
    }
}
