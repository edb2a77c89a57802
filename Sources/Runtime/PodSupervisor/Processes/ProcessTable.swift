/// The processes that the supervisor knows, running and ended.
struct ProcessTable {
    /// More are refused: each costs descriptors and memory.
    static let limit = 4096

    private(set) var all: [ManagedProcess] = []

    var isFull: Bool { all.count >= Self.limit }
    var anyRunning: Bool { all.contains { process in process.isRunning } }
    var anyUnannounced: Bool { all.contains { process in !process.isAnnounced } }

    func find(_ id: [UInt8]) -> ManagedProcess? { all.first { process in process.id == id } }

    /// The running process with this pid: pids of ended ones come again.
    func find(pid: Int32) -> ManagedProcess? { all.first { process in process.pid == pid && process.isRunning } }

    mutating func add(_ process: ManagedProcess) { all.append(process) }
    mutating func remove(_ process: ManagedProcess) { all.removeAll { one in one === process } }
}
