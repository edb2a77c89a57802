internal import CLinux

extension ProcessPlan {
    /// - Parameter optional: Where the hard limit may not be raised, the one in force is taken for both and reported.
    package mutating func rlimit(_ limit: ResourceLimit, optional: Bool = false) {
        append(
            .init(
                code: CLINUX_OP_RLIMIT, flags: optional ? .optional : [], slot: limit.resource.rawValue, a: limit.soft,
                b: limit.hard))
    }

    /// - Parameter optional: Where the value may not be lowered so far, the nearest allowed one is taken and reported.
    package mutating func oomScoreAdj(_ value: Int, optional: Bool = false) {
        append(
            .init(
                code: CLINUX_OP_OOM_SCORE_ADJ, flags: optional ? .optional : [], a: UInt64(bitPattern: Int64(value))))
    }

    /// A new anonymous session keyring, so that the program sees no keys of the host.
    package mutating func keyring(optional: Bool = true) {
        append(.init(code: CLINUX_OP_KEYRING, flags: optional ? .optional : []))
    }

    package mutating func umask(_ mask: UInt32) { append(.init(code: CLINUX_OP_UMASK, a: UInt64(mask))) }

    /// Drops all other capabilities from the bounding set.
    package mutating func boundingSet(_ keep: CapabilitySet) {
        append(.init(code: CLINUX_OP_BOUNDING_SET, a: keep.rawValue))
    }

    package mutating func groups(_ gids: [UInt32]) {
        append(.init(code: CLINUX_OP_SETGROUPS, data: gids.isEmpty ? .none : .halves(gids)))
    }

    package mutating func gid(_ gid: UInt32) { append(.init(code: CLINUX_OP_SETGID, a: UInt64(gid))) }

    /// Permitted capabilities are kept until `capabilities`.
    package mutating func uid(_ uid: UInt32) { append(.init(code: CLINUX_OP_SETUID, a: UInt64(uid))) }

    /// Effective, permitted, inheritable and ambient sets; the bounding set has an operation of its own, which comes earlier.
    package mutating func capabilities(_ sets: CapabilitySets) {
        append(
            .init(
                code: CLINUX_OP_CAPABILITIES,
                data: .words([
                    sets.effective.rawValue, sets.permitted.rawValue, sets.inheritable.rawValue, sets.ambient.rawValue,
                ])))
    }

    package mutating func noNewPrivileges() { append(.init(code: CLINUX_OP_NO_NEW_PRIVS)) }

    /// Needs `noNewPrivileges` before it, or CAP_SYS_ADMIN still held.
    package mutating func seccomp(_ filter: SeccompFilter) {
        append(.init(code: CLINUX_OP_SECCOMP, data: .bytes(filter.instructions), a: filter.flags.rawValue))
    }

    package mutating func parentDeathSignal(_ signal: CInt) {
        append(.init(code: CLINUX_OP_PDEATHSIG, a: UInt64(UInt32(bitPattern: signal))))
    }

    /// The working directory; no link of the kind of /proc/self/fd/N is followed.
    package mutating func changeDirectory(_ path: String, create: Bool = false) {
        append(.init(code: CLINUX_OP_CHDIR, flags: create ? .createDirectory : [], s1: path))
    }

    /// Closes every descriptor above 2 now. `exec` and `becomeInit` do so anyway.
    package mutating func closeDescriptors() { append(.init(code: CLINUX_OP_CLOSE_RANGE)) }

    /// Executes the first of `candidates` that can be, as execvp(3) chooses. The last operation.
    package mutating func exec(arguments: [String], environment: [String], candidates: [String]) {
        append(
            .init(
                code: CLINUX_OP_EXEC,
                data: .program(arguments: arguments, environment: environment, candidates: candidates)))
    }

    /// Executes nothing: the child itself becomes the first process of a pid namespace that several containers share.
    /// It reaps orphans and ends on SIGTERM. The last operation.
    package mutating func becomeInit() { append(.init(code: CLINUX_OP_INIT)) }
}

/// One setrlimit(2).
package struct ResourceLimit: Hashable, Sendable {
    package enum Resource: Int32, CaseIterable, Sendable {
        case cpu = 0, fileSize, data, stack, core, residentSet, processes, openFiles, lockedMemory, addressSpace, locks,
            pendingSignals, messageQueues, nice, realTimePriority, realTimeMicroseconds
    }
    package var resource: Resource
    package var soft: UInt64
    package var hard: UInt64
    package static let unlimited = UInt64.max

    package init(_ resource: Resource, soft: UInt64, hard: UInt64) {
        self.resource = resource
        self.soft = soft
        self.hard = hard
    }
}
