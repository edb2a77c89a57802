internal import CMnl

/// The part of a request after `nlmsghdr`: a family header, then attributes, each padded to four bytes. Format: netlink(7), rtnetlink(7).
///
/// Composed in a Swift array, not with libmnl's builders: those write through a pointer and trust the caller's buffer to be large enough.
struct MessageBody: Sendable {
    private(set) var bytes: [UInt8] = []

    /// Starts with the family's fixed header, such as `ifinfomsg`.
    init<Header: BitwiseCopyable>(_ header: Header) {
        bytes.reserveCapacity(128)
        appendValue(header)
        pad()
    }

    mutating func attribute<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Int, _ value: Value) {
        nested(type) { $0.appendValue(value) }
    }

    mutating func attribute(_ type: Int, _ value: [UInt8]) {
        nested(type) { $0.bytes += value }
    }

    /// A string with its terminating zero byte.
    mutating func attribute(_ type: Int, _ value: String) {
        nested(type) { $0.bytes += Array(value.utf8) + [0] }
    }

    /// An attribute whose value is a structure, then whatever `compose` adds: `VETH_INFO_PEER` is one.
    mutating func attribute<Header: BitwiseCopyable>(_ type: Int, header: Header, _ compose: (inout MessageBody) -> Void) {
        nested(type) {
            $0.appendValue(header)
            compose(&$0)
        }
    }

    /// An attribute that holds what `compose` adds; its length is filled in afterwards.
    mutating func nested(_ type: Int, _ compose: (inout MessageBody) -> Void) {
        let start = bytes.count
        appendValue(UInt16(0))
        appendValue(UInt16(type))
        compose(&self)
        let length = bytes.count - start
        precondition(length <= UInt16.max, "an attribute has at most 65535 bytes")
        for index in 0..<2 { bytes[start + index] = nativeBytes(UInt16(length))[index] }
        pad()
    }

    private mutating func appendValue<Value: BitwiseCopyable>(_ value: Value) { bytes += nativeBytes(value) }

    private mutating func pad() {
        while bytes.count % Int(MNL_ALIGNTO) != 0 { bytes.append(0) }
    }
}

/// A value's bytes as they lie in memory: netlink speaks the host's byte order and the C structures' layout.
func nativeBytes<Value: BitwiseCopyable>(_ value: Value) -> [UInt8] {
    unsafe withUnsafeBytes(of: value) { unsafe Array($0) }
}
