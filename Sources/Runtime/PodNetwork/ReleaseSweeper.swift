internal import Glibc
internal import LinuxSystem
internal import Netlink

/// Frees addresses in release whose links the kernel has dropped. Subscribed to link events, so that it need not ask again and again.
struct ReleaseSweeper: ~Copyable {
    private let store: AddressStore
    private let names: InstanceNames
    private var events: NetlinkSocket
    /// Nothing is known yet, or events were lost: one look at all links is due.
    private var mustList = true

    init(_ store: AddressStore, _ names: InstanceNames) throws(NetlinkError) {
        (self.store, self.names) = (store, names)
        events = try NetlinkSocket(linkEvents: true)
    }

    /// Readable when links have changed.
    var descriptor: CInt { events.descriptor }

    /// Frees what can be freed now.
    ///
    /// - Parameter all: Look at every address in release; otherwise only at those whose links are said to have gone since.
    /// - Returns: How many addresses were freed.
    mutating func sweep(all: Bool) throws -> Int {
        let said = try readEvents()
        var releasing = store.releasing
        if !all, !mustList { releasing.formIntersection(said) }
        guard !releasing.isEmpty else { return 0 }
        // An event may be about an earlier link of the same name, so the kernel is asked before an address is freed.
        let standing = try standingLinks(among: releasing)
        mustList = false
        let gone = releasing.subtracting(standing)
        for number in gone { try store.free(number) }
        return gone.count
    }

    /// The host numbers whose links have gone since the last call.
    private mutating func readEvents() throws(NetlinkError) -> Set<HostNumber> {
        var gone: Set<HostNumber> = []
        do {
            while try events.waitForLinkEvents(
                timeoutMilliseconds: 0,
                { [names] link, isGone in
                    if isGone, let number = names.hostNumber(ofLink: link.name) { gone.insert(number) }
                })
            {}
        } catch  where error.errno == Errno(rawValue: ENOBUFS) {
            mustList = true
        }
        return gone
    }

    private func standingLinks(among numbers: Set<HostNumber>) throws(NetlinkError) -> Set<HostNumber> {
        var socket = try NetlinkSocket()
        guard numbers.count <= 8 else { return Set(try socket.links().compactMap { names.hostNumber(ofLink: $0.name) }) }
        var standing: Set<HostNumber> = []
        for number in numbers where try socket.link(.name(names.hostLink(number))) != nil { standing.insert(number) }
        return standing
    }
}
