internal import CMnl

/// One typed request. Made by the functions in `LinkRequests`, `AddressRequests`, `RouteRequests` and `NeighbourRequests`;
/// sent, alone or with others in one batch, by ``NetlinkSocket``.
package struct NetlinkRequest: Sendable {
    /// What it does, for errors: `add address 10.244.0.2/24 to link 2`.
    package let operation: String
    let type: UInt16
    let flags: UInt16
    let body: [UInt8]

    init(_ operation: String, type: Int, flags: CInt = 0, body: MessageBody) {
        self.operation = operation
        self.type = UInt16(type)
        self.flags = UInt16(flags | NLM_F_REQUEST)
        self.body = body.bytes
    }

    /// The whole message. - Parameter adding: Flags that depend on how it is sent (`NLM_F_ACK`, `NLM_F_DUMP`).
    func encoded(sequence: UInt32, adding extraFlags: CInt) -> [UInt8] {
        let header = nlmsghdr(
            nlmsg_len: UInt32(MemoryLayout<nlmsghdr>.size + body.count), nlmsg_type: type,
            nlmsg_flags: flags | UInt16(extraFlags), nlmsg_seq: sequence, nlmsg_pid: 0)
        return nativeBytes(header) + body
    }
}
