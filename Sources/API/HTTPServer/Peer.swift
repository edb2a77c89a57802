/// The other end of a connection.
package struct Peer: Hashable, Sendable {
    /// `192.0.2.1:40000`, `[2001:db8::1]:40000`.
    package var address: String
    /// The verified client certificate in DER; nil when none was given.
    package var certificate: [UInt8]?
    /// Reached over 127.0.0.0/8, ::1 or a unix socket: bytes cost nothing, so they are not compressed.
    package var isLoopback: Bool

    package init(address: String, certificate: [UInt8]? = nil, isLoopback: Bool = false) {
        self.address = address
        self.certificate = certificate
        self.isLoopback = isLoopback
    }
}
