/// Types of records that this server makes or looks at, RFC 1035 3.2.2, 3596, 2782, 6891. Others are passed on as numbers.
struct RecordType: Hashable, Sendable, RawRepresentable {
    var rawValue: UInt16
    static let a = RecordType(rawValue: 1)
    static let cname = RecordType(rawValue: 5)
    static let soa = RecordType(rawValue: 6)
    static let ptr = RecordType(rawValue: 12)
    static let txt = RecordType(rawValue: 16)
    static let aaaa = RecordType(rawValue: 28)
    static let srv = RecordType(rawValue: 33)
    static let opt = RecordType(rawValue: 41)
    static let any = RecordType(rawValue: 255)
}

enum ResponseCode: UInt8, Sendable {
    case noError = 0
    case formatError = 1
    case serverFailure = 2
    case nameError = 3
    case notImplemented = 4
    case refused = 5
}

struct DNSRecord: Hashable, Sendable {
    enum Value: Hashable, Sendable {
        /// 4 or 16 bytes: A or AAAA.
        case address([UInt8])
        case canonicalName(DNSName)
        case pointer(DNSName)
        case service(priority: UInt16, weight: UInt16, port: UInt16, target: DNSName)
        case text(String)
        case authority(primary: DNSName, mailbox: DNSName, serial: UInt32, refresh: UInt32, retry: UInt32, expire: UInt32, minimum: UInt32)
    }
    var name: DNSName
    /// Seconds.
    var timeToLive: UInt32
    var value: Value

    var type: RecordType {
        switch value {
        case .address(let bytes): bytes.count == 4 ? .a : .aaaa
        case .canonicalName: .cname
        case .pointer: .ptr
        case .service: .srv
        case .text: .txt
        case .authority: .soa
        }
    }
}
