internal import CMnl
internal import LinuxSystem

/// An `NLMSG_ERROR` message: the outcome of one request, 0 being success. Format: netlink(7); kernel include/uapi/linux/netlink.h.
struct Acknowledgement {
    let errno: CInt
    /// The extended acknowledgement's text (`NLMSGERR_ATTR_MSG`).
    let message: String?

    init(header: MessageHeader, payload: RawSpan) throws {
        let error = try payload.load(nlmsgerr.self, at: 0)
        guard error.error <= 0, error.error > -4096 else { throw MalformedMessage() }
        errno = -error.error
        message = try Self.text(error, header, payload)
    }

    /// The text attribute follows the echoed request, of which only the header is there when NLM_F_CAPPED is set.
    private static func text(_ error: nlmsgerr, _ header: MessageHeader, _ payload: RawSpan) throws -> String? {
        guard header.flags & UInt16(NLM_F_ACK_TLVS) != 0 else { return nil }
        var start = MemoryLayout<nlmsgerr>.size
        if header.flags & UInt16(NLM_F_CAPPED) == 0 {
            let echoed = Int(error.msg.nlmsg_len)
            guard echoed >= MemoryLayout<nlmsghdr>.size else { throw MalformedMessage() }
            start += aligned(echoed - MemoryLayout<nlmsghdr>.size)
        }
        var text: String?
        try forEachAttribute(in: payload, from: start) { type, value in
            if type == Int(NLMSGERR_ATTR_MSG.rawValue) { text = value.text }
        }
        return text
    }
}
