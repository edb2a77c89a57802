package import LinuxSystem
internal import Netlink

extension PodNetwork {
    /// Gives a sandbox a network namespace with `lo`, `eth0`, its addresses and default routes, which lives as long as somebody holds it.
    ///
    /// Takes a ready one from the pool when there is one; it is made up for by ``restock()``. The address is reserved before anything is
    /// wired; on failure nothing stays.
    ///
    /// - Parameter sandboxID: Letters, digits, `.`, `_`, `-`; at most 200; not beginning with a dot.
    package func hold(sandboxID: String) throws -> HeldNamespace {
        var namespace: ReadyNamespace?
        let attachment = try attaching(sandboxID) { host in
            let made = try upkeep.takeReady().map { try hand($0, to: sandboxID) } ?? make(for: sandboxID, host)
            namespace = made
            return made.number
        }
        guard let namespace else { preconditionFailure("an attachment has a namespace") }
        return HeldNamespace(attachment: attachment, namespace: namespace)
    }

    /// As ``hold(sandboxID:)``, pinned at ``PodNetworkAttachment/netnsPath``: for whoever finds namespaces by path. A pin is a mount of the
    /// machine, and the start of any container copies those: with 500 of them it takes twice as long.
    package func attach(sandboxID: String) throws -> PodNetworkAttachment {
        let held = try hold(sandboxID: sandboxID)
        do {
            try pins.pin(held.namespace.descriptor, as: sandboxID)
        } catch {
            release(held.namespace.number)
            throw PodNetworkError.step("attach sandbox \(sandboxID) to the pod network", error)
        }
        return held.attachment
    }

    /// Wires a namespace that exists: pods with an own user namespace own their network namespace too.
    ///
    /// - Parameter isPinned: As ``attach(sandboxID:)``; else it lives as long as its holder has it.
    package func attach(sandboxID: String, netns: borrowing OwnedFD, isPinned: Bool = true) throws -> PodNetworkAttachment {
        try attaching(sandboxID) { host in
            try reserving(sandboxID) { number in
                if isPinned { try pins.pin(netns, as: sandboxID) }
                do {
                    try wiring.wireExisting(number, host, netns)
                } catch {
                    _ = try? pins.unpin(sandboxID)
                    throw error
                }
            }
        }
    }

    private func make(for sandboxID: String, _ host: HostSide) throws -> ReadyNamespace {
        var namespace: ReadyNamespace?
        _ = try reserving(sandboxID) { number in namespace = ReadyNamespace(number, try wiring.makeNamespace(number, host)) }
        guard let namespace else { preconditionFailure("what did not throw has made it") }
        return namespace
    }

    private func attaching(
        _ sandboxID: String, _ body: (HostSide) throws -> HostNumber
    ) throws -> PodNetworkAttachment {
        do {
            try check(sandboxID)
            let host = try preparedHostSide()
            let number = try body(host)
            return attachment(sandboxID, number, mtu: host.mtu)
        } catch {
            throw PodNetworkError.step("attach sandbox \(sandboxID) to the pod network", error)
        }
    }

    private func check(_ sandboxID: String) throws {
        let isName =
            (1...200).contains(sandboxID.utf8.count) && sandboxID.utf8.first != UInt8(ascii: ".")
            && sandboxID.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
                default: false
                }
            }
        guard isName else {
            throw PodNetworkError(.failed, "sandbox ID must be 1...200 letters, digits, \".\", \"_\", \"-\", the first no dot")
        }
        if let number = store.knownNumber(of: sandboxID) {
            throw PodNetworkError(.alreadyExists, "it has address \(plan.primary(number)) already")
        }
    }

    /// Reserves a number for the time after, wires, and gives the number back when that fails.
    private func reserving(_ sandboxID: String, _ wire: (HostNumber) throws -> Void) throws -> HostNumber {
        let number = try reserve(.sandbox(sandboxID))
        do {
            try wire(number)
        } catch {
            release(number)
            throw error
        }
        return number
    }

    private func hand(_ ready: ReadyNamespace, to sandboxID: String) throws -> ReadyNamespace {
        do {
            try store.change(ready.number, to: .sandbox(sandboxID))
        } catch {
            release(ready.number)
            throw error
        }
        return ready
    }

    /// Reserves; when all addresses are taken but some are on their way back, waits for the kernel to drop their links.
    private func reserve(_ reservation: Reservation) throws -> HostNumber {
        do {
            return try store.reserve(reservation)
        } catch let error as PodNetworkError where error.code == .exhausted {
            guard try upkeep.waitForRelease(timeoutMilliseconds: configuration.releaseTimeoutMilliseconds) else { throw error }
            return try store.reserve(reservation)
        }
    }

    func release(_ number: HostNumber) {
        // When even this fails the address stays reserved for a sandbox that is not there, which `reconcile` finds.
        try? store.change(number, to: .releasing)
        upkeep.lookSoon()
    }
}

extension PodNetwork {
    /// Takes a sandbox's network away. Idempotent; does not wait: the kernel frees namespace and link in its own time, and the address
    /// can be reused only after that.
    package func detach(sandboxID: String) throws {
        do {
            try pins.unpin(sandboxID)
            guard let number = try store.number(of: sandboxID) else { return }
            try store.change(number, to: .releasing)
        } catch {
            throw PodNetworkError.step("detach sandbox \(sandboxID) from the pod network", error)
        }
        upkeep.lookSoon()
    }
}

/// A sandbox's network namespace, held until its supervisor holds it too.
package final class HeldNamespace: Sendable {
    package let attachment: PodNetworkAttachment
    let namespace: ReadyNamespace
    /// Owned by this object.
    package var descriptor: CInt { namespace.descriptor.rawValue }

    init(attachment: PodNetworkAttachment, namespace: ReadyNamespace) {
        self.attachment = attachment
        self.namespace = namespace
    }
}
