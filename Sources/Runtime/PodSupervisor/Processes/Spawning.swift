internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// What clinux_spawn gave.
struct SpawnedProcess {
    var pid: Int32
    /// Owned by whoever takes it.
    var pidfd: Int32
    var startedAtNanoseconds: Int64
    var adjusted: [AdjustedOperation]
}

/// A started process, and for an exec with a terminal the master for its client.
struct StartedProcess: ~Copyable {
    let process: ManagedProcess
    let reply: StartProcessReply
    private var master: DescriptorSlot

    init(process: ManagedProcess, reply: StartProcessReply, master: consuming DescriptorSlot) {
        self.process = process
        self.reply = reply
        self.master = master
    }

    mutating func takeMaster() -> Descriptor? { master.take() }
}

/// Starts processes from plans that came over the socket.
enum Spawning {
    /// - Parameters:
    ///   - descriptors: The plan's first input slots, in order.
    ///   - owner: The connection that asks.
    static func start(_ request: StartProcessRequest, descriptors: consuming DescriptorList, owner: UInt64, at now: Instant) throws(Refusal)
        -> StartedProcess
    {
        var descriptors = descriptors
        let cgroup = try cgroupDescriptor(request, descriptors)
        let log = try openLog(request)
        if request.terminal {
            return try startWithTerminal(request, log, cgroup, descriptors, owner: owner, at: now)
        }
        let channels: ParentChannels
        if request.output == .descriptors {
            channels = ParentChannels(log: nil)
        } else {
            do {
                channels = try StandardIO.open(request, log: log, for: &descriptors)
            } catch {
                throw Refusal(.failed, errorNumber: error.number, detail: Text("make the pipes of the process").bytes)
            }
        }
        let spawned = try spawn(request.plan, descriptors)
        let process = ManagedProcess(request, started: spawned, channels: channels, cgroup: cgroup, owner: owner, at: now)
        return StartedProcess(process: process, reply: spawned.reply, master: DescriptorSlot())
    }

    private static func startWithTerminal(
        _ request: StartProcessRequest, _ log: LogFile?, _ cgroup: consuming DescriptorSlot, _ descriptors: consuming DescriptorList,
        owner: UInt64, at now: Instant
    ) throws(Refusal) -> StartedProcess {
        var ends: (Int32, Int32) = (-1, -1)
        let made = unsafe sv_socket_pair(&ends.0, &ends.1)
        guard made >= 0 else { throw Refusal(.failed, errorNumber: -made, detail: Text("make the socket for the terminal").bytes) }
        let receiving = Descriptor(adopting: ends.0)
        descriptors.append(Descriptor(adopting: ends.1))
        let spawned = try spawn(request.plan, descriptors)
        do throws(SystemFailure) {
            let master = try receive(from: receiving.number)
            var channels = ParentChannels(log: log)
            var clientMaster = DescriptorSlot()
            if request.kind == .exec {
                clientMaster.put(master)  // nobody else holds it: the process gets SIGHUP when the client goes
            } else {
                try channels.adopt(master: master, stdinMode: request.stdin)
            }
            let process = ManagedProcess(request, started: spawned, channels: channels, cgroup: cgroup, owner: owner, at: now)
            return StartedProcess(process: process, reply: spawned.reply, master: clientMaster)
        } catch {
            _ = sv_signal_process(spawned.pidfd, 9)
            _ = sv_close(spawned.pidfd)
            throw Refusal(.failed, errorNumber: error.number, detail: Text("receive the terminal from the process").bytes)
        }
    }

    private static func spawn(_ plan: [UInt8], _ descriptors: borrowing DescriptorList) throws(Refusal) -> SpawnedProcess {
        let numbers = descriptors.numbers
        var result = clinux_spawned()
        let status = unsafe plan.withUnsafeBytes { plan in
            unsafe numbers.withUnsafeBufferPointer { numbers in
                if unsafe clinux_plan_check(plan.baseAddress, plan.count, Int32(numbers.count)) != 0 {
                    result.error = ErrorNumber.invalid
                    result.step = Int32(CLINUX_STEP_PLAN.rawValue)
                    result.op = -1
                    return Int32(-1)
                }
                return unsafe clinux_spawn(plan.baseAddress, plan.count, numbers.baseAddress, Int32(numbers.count), &result)
            }
        }
        guard status == 0 else {
            throw Refusal(.spawn, errorNumber: result.error, step: result.step, operation: result.op, detail: result.detailBytes)
        }
        return SpawnedProcess(
            pid: result.pid, pidfd: result.pidfd, startedAtNanoseconds: WallClock.now(), adjusted: result.adjustedOperations)
    }

    private static func cgroupDescriptor(_ request: StartProcessRequest, _ descriptors: borrowing DescriptorList) throws(Refusal)
        -> DescriptorSlot
    {
        guard request.cgroupDescriptor >= 0 else { return DescriptorSlot() }
        guard Int(request.cgroupDescriptor) < descriptors.count else {
            throw Refusal(.invalid, errorNumber: ErrorNumber.invalid, detail: Text("cgroup descriptor beyond those passed").bytes)
        }
        // A copy: the plan uses the passed one.
        let copy = sv_duplicate(descriptors.numbers[Int(request.cgroupDescriptor)])
        guard copy >= 0 else { throw Refusal(.failed, errorNumber: -copy, detail: Text("keep the cgroup descriptor").bytes) }
        return DescriptorSlot(Descriptor(adopting: copy))
    }

    private static func openLog(_ request: StartProcessRequest) throws(Refusal) -> LogFile? {
        guard case .log(let target) = request.output else { return nil }
        do {
            return try LogFile(target)
        } catch {
            throw Refusal(.failed, errorNumber: error.number, detail: (Text("open log ") + target.path).bytes)
        }
    }

    /// Takes the master that CLINUX_OP_OPEN_PTY sent.
    private static func receive(from socket: Int32) throws(SystemFailure) -> Descriptor {
        var byte: UInt8 = 0
        var number: Int32 = -1
        var count: Int32 = 1
        _ = try SystemFailure.check(unsafe sv_receive(socket, &byte, 1, &number, &count))
        guard count == 1 else { throw SystemFailure(number: ErrorNumber.protocolError) }
        return Descriptor(adopting: number)
    }
}

extension SpawnedProcess {
    var reply: StartProcessReply { StartProcessReply(pid: pid, startedAtNanoseconds: startedAtNanoseconds, adjusted: adjusted) }
}

extension clinux_spawned {
    var detailBytes: [UInt8] {
        unsafe withUnsafeBytes(of: detail) { bytes in unsafe [UInt8](bytes.prefix { byte in byte != 0 }) }
    }

    var adjustedOperations: [AdjustedOperation] {
        var result: [AdjustedOperation] = []
        unsafe withUnsafeBytes(of: adjusted_ops) { operations in
            unsafe withUnsafeBytes(of: adjusted_errors) { errors in
                for index in 0..<min(8, Int(adjusted)) {
                    unsafe result.append(
                        AdjustedOperation(
                            operation: operations.load(fromByteOffset: 4 * index, as: Int32.self),
                            errorNumber: errors.load(fromByteOffset: 4 * index, as: Int32.self)))
                }
            }
        }
        return result
    }
}
