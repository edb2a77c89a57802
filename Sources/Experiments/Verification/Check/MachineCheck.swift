internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// Asks all probes, each on a thread of its own, and gives up on those that hang.
package struct MachineCheck: Sendable {
    package var probes: [Probe]
    /// For all of them together.
    package var timeout: Duration

    package init(probes: [Probe] = MachineCheck.allProbes, timeout: Duration = .seconds(10)) {
        self.probes = probes
        self.timeout = timeout
    }

    package static let allProbes: [Probe] =
        PrivilegeProbes.all + KernelProbes.all + NamespaceProbes.all + CgroupProbes.all + MountProbes.all + SecurityProbes.all
        + NetworkProbes.all + LimitProbes.all + ClockProbes.all + DiskProbes.all

    /// - Returns: A line for each feature, in the probes' order.
    package func run(_ place: CheckPlace) throws -> [CheckLine] {
        let answers = Answers()
        let done = try OwnedFD.pipe()
        let bell = Bell(done.write)
        for (index, probe) in probes.enumerated() {
            try startThread {
                answers.set(index, probe.ask(place))
                bell.ring()
            }
        }
        let deadline = ContinuousClock.now + timeout
        var rings = 0
        while rings < probes.count {
            let left = (deadline - ContinuousClock.now) / .milliseconds(1)
            var waiting = pollfd(fd: done.read.rawValue, events: Int16(POLLIN), revents: 0)
            guard left > 0, unsafe poll(&waiting, 1, CInt(left.rounded(.up))) > 0 else { break }
            rings += try done.read.read(upTo: 256).count
        }
        return probes.enumerated().flatMap { index, probe in lines(probe, answers.get(index)) }
    }

    private func lines(_ probe: Probe, _ answers: [Probe.Answer]?) -> [CheckLine] {
        let late = Probe.Answer.unknown("no answer within \(timeout.components.seconds) s")
        return probe.features.enumerated().map { index, feature in
            guard let answers else { return CheckLine(feature, late) }
            return CheckLine(feature, index < answers.count ? answers[index] : .unknown("not answered"))
        }
    }
}

/// What the threads have found, by probe.
private final class Answers: Sendable {
    private let found = Mutex<[Int: [Probe.Answer]]>([:])
    func set(_ index: Int, _ answers: [Probe.Answer]) { found.withLock { $0[index] = answers } }
    func get(_ index: Int) -> [Probe.Answer]? { found.withLock { $0[index] } }
}

/// Tells the one who waits that another probe is done. Outlives the check: a late probe may still ring.
private final class Bell: Sendable {
    private let descriptor: OwnedFD
    init(_ descriptor: consuming OwnedFD) { self.descriptor = descriptor }
    func ring() { try? descriptor.writeAll([1]) }
}
