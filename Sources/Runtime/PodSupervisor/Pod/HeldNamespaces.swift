internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// The pod's namespaces, alive as long as the supervisor holds them: there is no pause container.
struct HeldNamespaces: ~Copyable {
    private var network = DescriptorSlot()
    private var ipc = DescriptorSlot()
    private var uts = DescriptorSlot()
    private var user = DescriptorSlot()
    private var sharedMemory = DescriptorSlot()

    init() {}

    mutating func hold(_ kind: NamespaceKinds, _ descriptor: consuming Descriptor) {
        switch kind {
        case .network: network.put(descriptor)
        case .ipc: ipc.put(descriptor)
        case .uts: uts.put(descriptor)
        case .user: user.put(descriptor)
        default: sharedMemory.put(descriptor)
        }
    }

    /// The descriptor of one kind; still owned by this value.
    func number(_ kind: NamespaceKinds) -> Int32? {
        switch kind {
        case .network: network.number
        case .ipc: ipc.number
        case .uts: uts.number
        case .user: user.number
        default: sharedMemory.number
        }
    }

    var kinds: NamespaceKinds {
        var result: NamespaceKinds = []
        for kind in NamespaceKinds.ordered where number(kind) != nil { result.insert(kind) }
        return result
    }

    /// The descriptors in the order of the bits of `kinds`; still owned by this value.
    var numbers: [Int32] {
        var result: [Int32] = []
        for kind in NamespaceKinds.ordered {
            if let number = number(kind) { result.append(number) }
        }
        return result
    }
}

extension NamespaceKinds {
    /// The clone(2) flag of a single kind, and its name in /proc/PID/ns.
    var cloneFlag: Int32 {
        switch self {
        case .network: Int32(SV_NEWNET)
        case .ipc: Int32(SV_NEWIPC)
        case .uts: Int32(SV_NEWUTS)
        case .user: Int32(SV_NEWUSER)
        default: 0
        }
    }

    var fileName: StaticString {
        switch self {
        case .network: "net"
        case .ipc: "ipc"
        case .uts: "uts"
        default: "user"
        }
    }
}
