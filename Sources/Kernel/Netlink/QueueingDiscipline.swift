internal import CMnl

/// How a link treats what leaves through it: a queueing discipline at its root (tc(8)), in the place of the kernel's own choice.
package enum QueueingDiscipline: Hashable, Sendable {
    /// tc-netem(8): late, lost, slow.
    case netem(NetworkEmulation)
    /// tc-tbf(8): at most so many bytes a second; what waits longer than the queue is dropped.
    case tokenBucket(bytesPerSecond: UInt64, burstBytes: UInt32, queueBytes: UInt32)
    /// tc-bfifo(8) with room for nothing: every packet is dropped. In every kernel, unlike netem.
    case dropsAll

    /// As the kernel calls it.
    package var kind: String {
        switch self {
        case .netem: "netem"
        case .tokenBucket: "tbf"
        case .dropsAll: "bfifo"
        }
    }
}

/// What netem does to packets.
package struct NetworkEmulation: Hashable, Sendable {
    package var delay: Duration
    package var jitter: Duration
    /// 0...1
    package var loss: Double
    /// nil: as fast as the link.
    package var bytesPerSecond: UInt64?
    /// How many may wait.
    package var queuePackets: UInt32

    package init(
        delay: Duration = .zero, jitter: Duration = .zero, loss: Double = 0, bytesPerSecond: UInt64? = nil, queuePackets: UInt32 = 1_000
    ) {
        precondition((0...1).contains(loss), "a share of the packets")
        (self.delay, self.jitter, self.loss) = (delay, jitter, loss)
        (self.bytesPerSecond, self.queuePackets) = (bytesPerSecond, queuePackets)
    }
}

extension NetlinkRequest {
    /// Puts a discipline at the root of a link's way out, in place of another one.
    ///
    /// - Throws (when sent): ENOENT when this kernel has no such discipline.
    package static func setQueueing(_ discipline: QueueingDiscipline, ofLink index: UInt32) -> NetlinkRequest {
        var body = MessageBody(rootHeader(index))
        body.attribute(TCA_KIND, discipline.kind)
        body.append(options: discipline)
        return NetlinkRequest(
            "set queueing discipline \(discipline.kind) of link \(index)", type: RTM_NEWQDISC, flags: NLM_F_CREATE | NLM_F_REPLACE,
            body: body)
    }

    /// Gives a link the kernel's own discipline again. ENOENT or EINVAL when it has no other one.
    package static func resetQueueing(ofLink index: UInt32) -> NetlinkRequest {
        NetlinkRequest("reset the queueing discipline of link \(index)", type: RTM_DELQDISC, body: MessageBody(rootHeader(index)))
    }

    private static func rootHeader(_ index: UInt32) -> tcmsg {
        var header = tcmsg()
        header.tcm_ifindex = CInt(bitPattern: index)
        header.tcm_parent = tcRoot
        return header
    }

    /// TC_H_ROOT, a macro with a cast.
    private static let tcRoot: UInt32 = 0xFFFF_FFFF
}

extension MessageBody {
    fileprivate mutating func append(options discipline: QueueingDiscipline) {
        switch discipline {
        case .dropsAll:
            attribute(Int(TCA_OPTIONS), header: tc_fifo_qopt(limit: 0)) { _ in }
        case .netem(let emulation):
            attribute(Int(TCA_OPTIONS), header: emulation.header) { emulation.append(to: &$0) }
        case .tokenBucket(let rate, let burst, let queue):
            nested(Int(TCA_OPTIONS)) {
                var parameters = tc_tbf_qopt()
                parameters.rate.rate = UInt32(clamping: rate)
                // Frames are counted as they are, not as ATM cells.
                parameters.rate.linklayer = UInt8(TC_LINKLAYER_ETHERNET.rawValue)
                parameters.limit = queue
                $0.attribute(Int(TCA_TBF_PARMS), header: parameters) { _ in }
                if rate > UInt64(UInt32.max) { $0.attribute(Int(TCA_TBF_RATE64), rate) }
                $0.attribute(Int(TCA_TBF_BURST), burst)
            }
        }
    }
}

extension NetworkEmulation {
    fileprivate var header: tc_netem_qopt {
        var header = tc_netem_qopt()
        header.limit = queuePackets
        header.loss = UInt32((loss * Double(UInt32.max)).rounded())
        return header
    }

    fileprivate func append(to options: inout MessageBody) {
        options.attribute(Int(TCA_NETEM_LATENCY64), Self.nanoseconds(delay))
        options.attribute(Int(TCA_NETEM_JITTER64), Self.nanoseconds(jitter))
        guard let bytesPerSecond else { return }
        var rate = tc_netem_rate()
        rate.rate = UInt32(clamping: bytesPerSecond)
        options.attribute(Int(TCA_NETEM_RATE), header: rate) { _ in }
        if bytesPerSecond > UInt64(UInt32.max) { options.attribute(Int(TCA_NETEM_RATE64), bytesPerSecond) }
    }

    private static func nanoseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
    }
}
