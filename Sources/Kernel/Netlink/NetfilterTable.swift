internal import CMnl
internal import Glibc

/// An nftables table, as seen without libnftables: one question to the kernel, about 20 µs, where a libnftables context costs milliseconds.
package struct NetfilterTable: Hashable, Sendable {
    package var name: String
    /// The table's comment, from its user data.
    package var comment: String?
    /// Number of chains, sets and other objects in it.
    package var uses: UInt32
}

extension NetlinkRequest {
    /// - Parameter name: Of a table of the family `inet`.
    static func getNetfilterTable(_ name: String) -> NetlinkRequest {
        let header = nfgenmsg(nfgen_family: UInt8(CMNL_NFPROTO_INET), version: UInt8(NFNETLINK_V0), res_id: 0)
        var body = MessageBody(header)
        body.attribute(Int(NFTA_TABLE_NAME.rawValue), name)
        return NetlinkRequest(
            "get nftables table inet \(name)", type: Int(NFNL_SUBSYS_NFTABLES) << 8 | Int(NFT_MSG_GETTABLE.rawValue), body: body)
    }
}

extension NetfilterTable {
    /// Parses the payload of an `NFT_MSG_NEWTABLE` message. Integers in it are big-endian.
    init(payload: RawSpan) throws {
        self.init(name: "", comment: nil, uses: 0)
        try forEachAttribute(in: payload, from: MemoryLayout<nfgenmsg>.size) { type, value in
            switch type {
            case Int(NFTA_TABLE_NAME.rawValue): name = value.text
            case Int(NFTA_TABLE_USE.rawValue): uses = UInt32(bigEndian: try value.load(UInt32.self, at: 0))
            case Int(NFTA_TABLE_USERDATA.rawValue): comment = try Self.comment(userData: value)
            default: break
            }
        }
    }

    /// User data is a row of (type, length, value) with one byte each for the first two; type 0 is the comment (libnftnl's udata.h).
    private static func comment(userData: RawSpan) throws -> String? {
        var offset = 0
        while userData.byteCount - offset >= 2 {
            let type = try userData.load(UInt8.self, at: offset)
            let length = Int(try userData.load(UInt8.self, at: offset + 1))
            guard length <= userData.byteCount - offset - 2 else { throw MalformedMessage() }
            if type == 0 { return userData.extracting(offset + 2..<offset + 2 + length).text }
            offset += 2 + length
        }
        return nil
    }
}

extension NetlinkSocket {
    /// A table of the family `inet`, or nil when there is none. For sockets on ``Bus/netfilter``.
    package mutating func netfilterTable(_ name: String) throws(NetlinkError) -> NetfilterTable? {
        var found: NetfilterTable?
        do {
            try query(.getNetfilterTable(name), dump: false, restart: { found = nil }) { header, payload in
                if header.type & 0xff == UInt16(NFT_MSG_NEWTABLE.rawValue) { found = try NetfilterTable(payload: payload) }
            }
        } catch  where error.errno == .noSuchFile {
            return nil
        }
        return found
    }
}
