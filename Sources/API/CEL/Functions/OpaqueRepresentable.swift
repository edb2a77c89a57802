/// A library's own type in Swift.
protocol OpaqueRepresentable: CELOpaque, CELRepresentable, Equatable {
    static var typeName: String { get }
}

extension OpaqueRepresentable {
    static var celType: CELType { .opaque(typeName) }
    var celTypeName: String { Self.typeName }
    var cel: CELValue { .opaque(self) }

    init?(cel: CELValue) {
        guard case .opaque(let value) = cel, let own = value as? Self else { return nil }
        self = own
    }

    func isEqual(to other: any CELOpaque) -> Bool { (other as? Self) == self }
}
