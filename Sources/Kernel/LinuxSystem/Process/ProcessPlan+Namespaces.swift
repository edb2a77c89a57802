internal import CLinux

extension ProcessPlan {
    /// Joins namespaces: one by its own descriptor, or several at once by the pidfd of a member.
    package mutating func setNamespaces(_ slot: Slot, _ namespaces: CloneFlags) {
        append(.init(code: CLINUX_OP_SETNS, slot: slot.index, a: namespaces.rawValue))
    }

    package mutating func unshare(_ namespaces: CloneFlags) {
        append(.init(code: CLINUX_OP_UNSHARE, a: namespaces.rawValue))
    }

    /// Clones again; the second child, whose parent is the caller too, goes on with the next operation.
    package mutating func fork(_ namespaces: CloneFlags = []) {
        append(.init(code: CLINUX_OP_FORK, a: namespaces.rawValue))
    }

    package mutating func setSID() { append(.init(code: CLINUX_OP_SETSID)) }

    /// Makes a terminal the session's own; after `setSID`.
    package mutating func controllingTTY(_ slot: Slot) {
        append(.init(code: CLINUX_OP_CONTROLLING_TTY, slot: slot.index))
    }

    /// Gives the program a terminal of the container's own devpts, as descriptors 0, 1, 2 and controlling terminal.
    /// After `pivotRoot` and `setSID`, before capabilities go.
    ///
    /// - Parameters:
    ///   - socket: A unix socket to which the master is sent, with one byte.
    ///   - console: The terminal is bound over /dev/console, too.
    package mutating func openTerminal(
        sendingMasterTo socket: Slot, rows: UInt16 = 0, columns: UInt16 = 0, owner: UInt32 = 0, console: Bool = false
    ) {
        append(
            .init(
                code: CLINUX_OP_OPEN_PTY, flags: console ? .createFile : [], slot: socket.index,
                a: UInt64(rows) << 16 | UInt64(columns), b: UInt64(owner)))
    }

    /// Makes a descriptor number 0, 1 or 2 of the program. No other descriptor reaches it.
    package mutating func duplicate(_ slot: Slot, onto number: CInt) {
        append(.init(code: CLINUX_OP_DUP, slot: slot.index, a: UInt64(UInt32(bitPattern: number))))
    }

    /// Opens a path in the child's present view: relative to `directory`, or to its working directory.
    ///
    /// - Parameter flags: `O_*`; `O_CLOEXEC` is added.
    package mutating func open(
        _ path: String, flags: CInt, resolve: PathResolution = [], beneath directory: Slot? = nil
    ) -> Slot {
        let slot = newSlot()
        append(
            .init(
                code: CLINUX_OP_OPEN, slot: slot.index, slot2: directory?.index ?? -1, s1: path,
                a: UInt64(UInt32(bitPattern: flags)), b: resolve.rawValue))
        return slot
    }

    package mutating func close(_ slot: Slot) { append(.init(code: CLINUX_OP_CLOSE, slot: slot.index)) }

    package mutating func hostname(_ name: String) { append(.init(code: CLINUX_OP_HOSTNAME, s1: name)) }

    package mutating func domainname(_ name: String) { append(.init(code: CLINUX_OP_DOMAINNAME, s1: name)) }

    /// Writes a value to a file of the present view, for example a sysctl; below /proc only to a real procfs.
    package mutating func write(_ path: String, value: String, optional: Bool = false) {
        append(.init(code: CLINUX_OP_WRITE, flags: optional ? .optional : [], s1: path, s2: value))
    }
}
