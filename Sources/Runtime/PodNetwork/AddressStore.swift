internal import Glibc
internal import LinuxSystem
internal import Netlink
internal import Synchronization

/// Address reservations on disk: for each a symbolic link named by the address, whose target is the ``Reservation``'s text.
///
/// A symbolic link is made with its content in one step and only when there is none (EEXIST), so two processes can reserve at once and
/// a crash leaves no half-written file. Nothing is synced: a reservation means something only as long as the kernel's links live, and
/// these end with the machine's power just as the page cache does. Changes are made under `flock`, which dies with its process.
final class AddressStore: Sendable {
    let directory: String
    private let plan: AddressPlan
    private let lock: OwnedFD
    private let memory: Mutex<Memory>

    /// What this process knows; the directory is right where they differ.
    private struct Memory {
        var reservations: [HostNumber: Reservation] = [:]
        var numbers: [String: HostNumber] = [:]  // by sandbox
        /// Numbers are given out in turn, so that a number rests as long as possible before it is used again.
        var next: UInt16

        mutating func set(_ number: HostNumber, _ reservation: Reservation?) {
            if case .sandbox(let old) = reservations[number] { numbers[old] = nil }
            reservations[number] = reservation
            if case .sandbox(let id) = reservation { numbers[id] = number }
        }
    }

    /// - Parameter directory: Made when it is not there; its parent too.
    init(directory: String, plan: AddressPlan) throws {
        self.directory = directory
        self.plan = plan
        try Files.makeDirectories(directory)
        let lockPath = directory + "/.lock"
        let descriptor = unsafe open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemError("open \(lockPath)", .current) }
        lock = OwnedFD(adopting: descriptor)
        memory = Mutex(Memory(next: plan.hosts.lowerBound))
        try reload()
        // Go on after the highest number in use, not at the start, so that addresses of pods just gone rest after a restart too.
        memory.withLock { memory in
            if let last = memory.reservations.keys.max(), last.rawValue < plan.hosts.upperBound { memory.next = last.rawValue + 1 }
        }
    }

    /// Reserves a free number. - Throws: ``PodNetworkError/Code/exhausted`` when none is left.
    func reserve(_ reservation: Reservation) throws -> HostNumber {
        try exclusively { memory in
            if let number = try take(reservation, &memory) { return number }
            try load(into: &memory)  // another process may have freed some
            if let number = try take(reservation, &memory) { return number }
            let releasing = memory.reservations.values.count { $0 == .releasing }
            throw PodNetworkError(
                .exhausted,
                "no free address in \(plan.networks[0]): \(memory.reservations.count) in use, \(releasing) of them being released")
        }
    }

    /// Replaces what a reserved number is for, in one step.
    func change(_ number: HostNumber, to reservation: Reservation) throws {
        try exclusively { memory in
            let staged = directory + "/.change-\(getpid())"
            _ = unsafe unlink(staged)
            guard unsafe symlink(reservation.description, staged) == 0, unsafe rename(staged, path(number)) == 0 else {
                throw SystemError("change reservation \(path(number)) to \(reservation)", .current)
            }
            memory.set(number, reservation)
        }
    }

    /// Frees a number that is being released; leaves any other alone.
    func free(_ number: HostNumber) throws {
        try exclusively { memory in
            guard try read(number) == .releasing else { return }
            guard unsafe unlink(path(number)) == 0 || Errno.current == .noSuchFile else {
                throw SystemError("free address \(path(number))", .current)
            }
            memory.set(number, nil)
        }
    }

    /// The number of a sandbox, also when another process reserved it.
    func number(of sandboxID: String) throws -> HostNumber? {
        if let number = memory.withLock({ $0.numbers[sandboxID] }) { return number }
        try reload()
        return memory.withLock { $0.numbers[sandboxID] }
    }

    /// The number of a sandbox, as far as this process knows: no look at the directory.
    func knownNumber(of sandboxID: String) -> HostNumber? { memory.withLock { $0.numbers[sandboxID] } }

    /// Every reservation as the directory has it now.
    func reservations() throws -> [HostNumber: Reservation] {
        try reload()
        return memory.withLock { $0.reservations }
    }

    /// Numbers that this process knows to be in release.
    var releasing: Set<HostNumber> {
        memory.withLock { memory in Set(memory.reservations.filter { $0.value == .releasing }.keys) }
    }

    /// Removes what does not belong to the plan: addresses of an earlier pod CIDR. - Returns: Their names.
    func removeStrangers() throws -> [String] {
        try exclusively { _ in
            let strangers = try Files.namesIfAny(in: directory).filter { !$0.hasPrefix(".") && number(named: $0) == nil }
            for name in strangers { _ = unsafe unlink("\(directory)/\(name)") }
            return strangers
        }
    }

    /// Removes the directory with all that is in it.
    func removeAll() throws {
        try exclusively { memory in
            for name in try Files.namesIfAny(in: directory) { _ = unsafe unlink("\(directory)/\(name)") }
            guard unsafe rmdir(directory) == 0 || Errno.current == .noSuchFile else {
                throw SystemError("remove \(directory)", .current)
            }
            memory.reservations = [:]
            memory.numbers = [:]
        }
    }
}

extension AddressStore {
    private func path(_ number: HostNumber) -> String { "\(directory)/\(plan.primary(number))" }

    private func number(named name: String) -> HostNumber? { IPAddress(name).flatMap(plan.number(of:)) }

    private func take(_ reservation: Reservation, _ memory: inout Memory) throws -> HostNumber? {
        let count = plan.hosts.count
        for step in 0..<count {
            let position = (Int(memory.next - plan.hosts.lowerBound) + step) % count
            let number = HostNumber(rawValue: plan.hosts.lowerBound + UInt16(position))
            guard memory.reservations[number] == nil, try create(number, reservation, &memory) else { continue }
            memory.next = number.rawValue == plan.hosts.upperBound ? plan.hosts.lowerBound : number.rawValue + 1
            return number
        }
        return nil
    }

    /// False when another process was first.
    private func create(_ number: HostNumber, _ reservation: Reservation, _ memory: inout Memory) throws -> Bool {
        guard unsafe symlink(reservation.description, path(number)) != 0 else {
            memory.set(number, reservation)
            return true
        }
        guard Errno.current == .exists else { throw SystemError("reserve address \(path(number))", .current) }
        memory.set(number, try read(number))
        return false
    }

    /// Nil when there is none. A target that makes no sense counts as in release: its link decides.
    private func read(_ number: HostNumber) throws -> Reservation? {
        var buffer = [CChar](repeating: 0, count: 512)
        let count = unsafe readlink(path(number), &buffer, buffer.count)
        if count < 0 {
            if Errno.current == .noSuchFile { return nil }
            if Errno.current == .invalidArgument { return .releasing }  // no symbolic link
            throw SystemError("read reservation \(path(number))", .current)
        }
        return Reservation(String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)) ?? .releasing
    }

    private func reload() throws { try exclusively { try load(into: &$0) } }

    private func load(into memory: inout Memory) throws {
        memory.reservations = [:]
        memory.numbers = [:]
        for number in try Files.namesIfAny(in: directory).compactMap(number(named:)) { memory.set(number, try read(number)) }
    }

    /// One change at a time: among threads by the mutex, among processes by the file lock.
    private func exclusively<Success>(_ body: (inout Memory) throws -> Success) throws -> Success {
        try memory.withLock { memory in
            while flock(lock.rawValue, LOCK_EX) != 0 {
                guard Errno.current == .interrupted else { throw SystemError("lock \(directory)", .current) }
            }
            defer { _ = flock(lock.rawValue, LOCK_UN) }
            return try body(&memory)
        }
    }
}
