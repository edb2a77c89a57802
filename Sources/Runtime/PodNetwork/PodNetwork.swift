internal import LinuxSystem
package import Netlink
internal import Nftables
internal import Synchronization

/// The native pod network: a bridge, a veth pair for each sandbox, addresses from the pod CIDR, and source NAT to the outside.
///
/// All calls block and may come from any thread, several at once. The threads must be in the network and mount namespace of the node;
/// none of them is ever switched to another. Order in a daemon's life: ``prepare()``, ``reconcile(existing:)``, then attach and detach.
package final class PodNetwork: Sendable {
    let configuration: PodNetworkConfiguration
    let names: InstanceNames
    let plan: AddressPlan
    let wiring: Wiring
    let store: AddressStore
    let pins: NamespacePins
    let nftables = Nftables()
    let upkeep: Upkeep
    let hostPorts = HostPortRegistry()
    let hostSide = Mutex<HostSide?>(nil)

    /// Reads the reservations; changes nothing in the kernel.
    ///
    /// - Throws: ``PodNetworkError/Code/invalidConfiguration`` with the field at fault.
    package init(_ configuration: PodNetworkConfiguration) throws {
        guard Self.isName(configuration.instance) else {
            throw PodNetworkError(
                .invalidConfiguration, "instance \"\(configuration.instance)\": must be 1...63 characters of a-z, 0-9 and -")
        }
        self.configuration = configuration
        names = InstanceNames(instance: configuration.instance)
        plan = try AddressPlan(configuration.podCIDRs)
        wiring = Wiring(names: names, plan: plan)
        pins = NamespacePins(directory: configuration.netnsDirectory)
        do {
            store = try AddressStore(directory: configuration.stateDirectory, plan: plan)
        } catch {
            throw PodNetworkError.step("open pod address reservations", error)
        }
        upkeep = Upkeep(store: store, wiring: wiring)
    }

    deinit { upkeep.stop() }

    private static func isName(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
                default: false
                }
            }
    }
}

extension PodNetwork {
    /// The bridge, `swl-` and a hash of the instance's name.
    package var bridge: String { names.bridge }
    /// The nftables table, of the family `inet`.
    package var table: String { names.table }

    /// What a sandbox has, from the reservations and the kernel; nil when it has no network.
    package func attachment(sandboxID: String) -> PodNetworkAttachment? {
        guard let number = try? store.number(of: sandboxID) else { return nil }
        var socket = try? NetlinkSocket()
        let link = try? socket?.link(.name(names.hostLink(number)))
        return attachment(sandboxID, number, mtu: link?.mtu ?? hostSide.withLock { $0?.mtu } ?? Self.defaultMTU)
    }

    func attachment(_ sandboxID: String, _ number: HostNumber, mtu: UInt32) -> PodNetworkAttachment {
        PodNetworkAttachment(
            sandboxID: sandboxID, netnsPath: pins.path(sandboxID), interface: Wiring.interface,
            addresses: plan.addresses(number), gateways: plan.gateways.map(\.address), mac: plan.mac(number),
            hostInterface: names.hostLink(number), mtu: mtu)
    }

    /// Keeps `size` ready namespaces, so that ``attach(sandboxID:)`` finds the link made; but no more than an eighth of the addresses, since
    /// who brings a namespace of his own cannot have those. A background thread refills; 0 drains.
    package func startPool(size: Int) throws {
        let host = try preparedHostSide()
        try upkeep.setPool(size: min(size, plan.hosts.count / 8), host)
    }

    /// Has the pool filled up again. Not done by ``attach(sandboxID:)``: making the next namespace would compete with the pod that was
    /// just given one.
    package func restock() { upkeep.restock() }

    /// Ends the background thread and drops the ready namespaces. Sandboxes keep their networks. Idempotent; also done by `deinit`.
    package func stop() { upkeep.stop() }

    /// Ready namespaces now in the pool.
    package var poolCount: Int { upkeep.readyCount }

    /// Addresses not free: of sandboxes, ready, or still being released by the kernel.
    package func reservedAddresses() throws -> [IPAddress] {
        try store.reservations().keys.sorted().map(plan.primary)
    }

    static let defaultMTU: UInt32 = 1500
}
