package import LinuxSystem
internal import CMnl
internal import Glibc

extension NetlinkSocket {
    /// One link, or nil when there is none (ENODEV).
    package mutating func link(_ reference: LinkReference) throws(NetlinkError) -> Link? {
        var found: Link?
        do {
            try query(.getLink(reference), dump: false, restart: { found = nil }) { header, payload in
                if Int(header.type) == RTM_NEWLINK { found = try Link(payload: payload) }
            }
        } catch  where error.errno == .noDevice {
            return nil
        }
        return found
    }

    /// All links of the socket's namespace.
    package mutating func links() throws(NetlinkError) -> [Link] {
        var links: [Link] = []
        try query(.listLinks, dump: true, restart: { links = [] }) { header, payload in
            if Int(header.type) == RTM_NEWLINK { links.append(try Link(payload: payload)) }
        }
        return links
    }

    /// Makes a veth pair (``NetlinkRequest/addVeth(_:peer:in:)``) and says which indices its two ends got.
    package mutating func addVeth(
        _ settings: LinkSettings, peer: LinkSettings, in peerNamespace: borrowing OwnedFD
    ) throws(NetlinkError) -> (index: UInt32, peerIndex: UInt32) {
        var made: Link?
        let request = NetlinkRequest.addVeth(settings, peer: peer, in: peerNamespace)
        try perform([request]) { header, payload in
            if Int(header.type) == RTM_NEWLINK { made = try Link(payload: payload) }
        }
        // Kernels before 6.2 do not echo a new link.
        if made?.linkIndex == nil, let name = settings.name { made = try link(.name(name)) }
        guard let made, let peerIndex = made.linkIndex else {
            throw NetlinkError(request.operation, .noDevice, kernelMessage: "the new link is not to be found")
        }
        return (made.index, peerIndex)
    }

    /// Waits for link notifications on a socket opened with `linkEvents`, and hands over each link that changed or went.
    ///
    /// - Returns: False when nothing came in time.
    /// - Throws: ENOBUFS when the kernel had to drop notifications: read the list afresh.
    package mutating func waitForLinkEvents(
        timeoutMilliseconds: CInt, _ body: (_ link: Link, _ isGone: Bool) -> Void
    ) throws(NetlinkError) -> Bool {
        var descriptor = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&descriptor, 1, timeoutMilliseconds) > 0 else { return false }
        try receive("receive link events") { header, payload in
            switch Int(header.type) {
            case RTM_NEWLINK: body(try Link(payload: payload), false)
            case RTM_DELLINK: body(try Link(payload: payload), true)
            default: break
            }
        }
        return true
    }
}
