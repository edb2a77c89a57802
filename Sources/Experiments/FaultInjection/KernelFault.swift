/// What can be done to a running pod from outside, in the kernel: each is begun, and taken back.
package enum KernelFault: Hashable, Sendable {
    /// Its processes stand still (cgroup.freeze).
    case freeze
    /// It gets less memory than it asked for: memory.high slows it down, memory.max lets the kernel kill it.
    case memory(highBytes: UInt64?, maxBytes: UInt64?)
    /// It gets so many hundredths of one processor (cpu.max).
    case cpu(percent: UInt32)
    /// Its reading from and writing to disk is slowed down (io.max).
    case disk(readBytesPerSecond: UInt64?, writeBytesPerSecond: UInt64?)
    /// An emptyDir in memory takes nothing more: ENOSPC.
    case full(volume: String)
    case network(NetworkFault)
    /// No question for a name leaves the pod: what asks waits until it gives up.
    case dns

    /// As experiments' files call it.
    package var name: String {
        switch self {
        case .freeze: "freeze"
        case .memory: "memory"
        case .cpu: "cpu"
        case .disk: "disk"
        case .full: "full"
        case .network: "network"
        case .dns: "dns"
        }
    }
}

/// What is done to a pod's packets, in both directions.
package struct NetworkFault: Hashable, Sendable {
    package var delay: Duration
    package var jitter: Duration
    /// 0...1
    package var loss: Double
    package var bytesPerSecond: UInt64?
    /// Nothing gets through.
    package var isPartition: Bool

    package init(
        delay: Duration = .zero, jitter: Duration = .zero, loss: Double = 0, bytesPerSecond: UInt64? = nil, isPartition: Bool = false
    ) {
        (self.delay, self.jitter, self.loss) = (delay, jitter, loss)
        (self.bytesPerSecond, self.isPartition) = (bytesPerSecond, isPartition)
    }
}

/// Whom a fault is for.
package struct FaultTarget: Sendable {
    package var pod: String
    package var container: String
    /// The container's first process; any of the pod for what concerns the whole pod.
    package var pid: Int32
    /// On the machine, by their names.
    package var volumes: @Sendable (String) -> String

    package init(pod: String, container: String, pid: Int32, volumes: @escaping @Sendable (String) -> String) {
        (self.pod, self.container, self.pid, self.volumes) = (pod, container, pid, volumes)
    }
}

/// One line: what could not be done to whom, and why.
package struct FaultError: Error, Sendable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
