internal import LinuxSystem

/// A descriptor with several owners: closed when the last of them lets go.
final class SharedDescriptor: Sendable {
    let descriptor: OwnedFD
    var rawValue: CInt { descriptor.rawValue }
    init(_ descriptor: consuming OwnedFD) { self.descriptor = descriptor }
}
