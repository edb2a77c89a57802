import Glibc
import Storage
import StorageSQLite

/// Speed of the store on disk, as NAME<tab>P50<tab>P99 in microseconds or NAME<tab>NUMBER.
///
/// usage: storage-bench DIRECTORY [OBJECT-COUNT…]
@main struct StorageBench {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 1 else {
            print("usage: storage-bench DIRECTORY [OBJECT-COUNT...]")
            exit(2)
        }
        let counts = arguments.dropFirst(2).compactMap(Int.init)
        do {
            syncFloor(arguments[1])
            for count in counts.isEmpty ? [1_000, 10_000, 100_000] : counts {
                try await Round(directory: "\(arguments[1])/store-\(count)", count: count).run()
            }
            syncFloor(arguments[1])
        } catch {
            print("failed: \(error)")
            exit(1)
        }
    }

    /// What the disk itself takes: a page behind the end of a file, and over one of its pages, each with fdatasync(2).
    static func syncFloor(_ directory: String) {
        mkdir(directory, 0o700)
        let path = "\(directory)/floor"
        let page = [UInt8](repeating: 1, count: 4096)
        for (name, isOverwriting) in [("fdatasync.append", false), ("fdatasync.overwrite", true)] {
            let file = open(path, O_RDWR | O_CREAT, 0o600)
            defer { close(file) }
            var samples = Samples()
            for number in 0..<500 {
                samples.time {
                    pwrite(file, page, page.count, isOverwriting ? number * 4096 : number * 4096 + 4096 * 500)
                    fdatasync(file)
                }
            }
            samples.report(name)
        }
        unlink(path)
    }
}

struct Round {
    let directory: String
    let count: Int
    static let value = [UInt8](repeating: 0x61, count: 2000)

    static func key(_ number: Int) -> String { "/registry/core/pods/namespace-\(number % 100)/pod-\(number)-of-some-replica-set" }

    func run() async throws {
        var storage = try SQLiteStorage(directory: directory)
        try await fill(storage)
        try await single(storage)
        try await many(storage)
        try await reads(storage)
        let size = fileSize("\(directory)/store.db") + fileSize("\(directory)/store.db-wal")
        report("\(count).bytes-per-revision", Double(size) / Double(storage.currentRevision))
        await storage.close()
        let start = ContinuousClock.now
        storage = try SQLiteStorage(directory: directory)
        report("\(count).open-ms", milliseconds(.now - start))
        let reading = ContinuousClock.now
        let all = try await storage.list(prefix: "/", after: nil, limit: nil, at: nil)
        report("\(count).list-all-us-per-object", milliseconds(.now - reading) * 1000 / Double(all.objects.count))
        let saving = ContinuousClock.now
        try await storage.snapshot(to: "\(directory)/snapshot")
        report("\(count).snapshot-ms", milliseconds(.now - saving))
        try await storage.compact(before: storage.currentRevision)
        report("\(count).compact-ms", milliseconds(.now - saving))
        await storage.close()
    }

    /// 256 writers, so that filling does not take long.
    private func fill(_ storage: SQLiteStorage) async throws {
        try await clients(256, operations: count) { number in
            _ = try await storage.put(Self.key(number), Self.value, if: .absent, expiresAfter: nil)
        }.report("\(count).fill-256-clients")
    }

    private func single(_ storage: SQLiteStorage) async throws {
        try await clients(1, operations: 1000) { number in
            _ = try await storage.put(Self.key(count + number), Self.value, if: .absent, expiresAfter: nil)
        }.report("\(count).create-1-client")
    }

    private func many(_ storage: SQLiteStorage) async throws {
        try await clients(32, operations: 20_000) { number in
            _ = try await storage.put(Self.key(count + 1000 + number), Self.value, if: .absent, expiresAfter: nil)
        }.report("\(count).create-32-clients")
        try await clients(32, operations: 20_000) { number in
            _ = try await storage.put(Self.key(number &* 7919 % count), Self.value, if: .present, expiresAfter: nil)
        }.report("\(count).update-32-clients")
    }

    private func reads(_ storage: SQLiteStorage) async throws {
        try await clients(1, operations: 20_000) { number in
            _ = try await storage.get(Self.key(number &* 7919 % count), at: nil)
        }.report("\(count).get")
        let past = storage.currentRevision - 10_000
        try await clients(1, operations: 5_000) { number in
            _ = try await storage.get(Self.key(number &* 7919 % count), at: past)
        }.report("\(count).get-past")
        try await clients(1, operations: 100) { number in
            _ = try await storage.list(prefix: "/registry/core/pods/", after: Self.key(number), limit: 500, at: nil)
        }.report("\(count).list-500")
        try await clients(1, operations: 100) { number in
            _ = try await storage.list(prefix: "/registry/core/pods/", after: Self.key(number), limit: 500, at: past)
        }.report("\(count).list-500-past")
    }

    private func clients(
        _ clients: Int, operations: Int, _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws -> Throughput {
        let start = ContinuousClock.now
        let cpu = cpuSeconds()
        let samples = try await withThrowingTaskGroup(of: Samples.self) { group in
            for client in 0..<clients {
                group.addTask {
                    var samples = Samples()
                    for number in stride(from: client, to: operations, by: clients) {
                        let start = ContinuousClock.now
                        try await body(number)
                        samples.add(.now - start)
                    }
                    return samples
                }
            }
            var all = Samples()
            for try await samples in group { all.merge(samples) }
            return all
        }
        return Throughput(
            samples: samples, perSecond: Double(operations) / (milliseconds(.now - start) / 1000),
            cpuMicroseconds: (cpuSeconds() - cpu) * 1e6 / Double(operations))
    }
}

struct Throughput {
    var samples: Samples
    var perSecond: Double
    var cpuMicroseconds: Double

    func report(_ name: String) {
        samples.report(name)
        StorageBenchReport.number("\(name).per-second", perSecond.rounded())
        StorageBenchReport.number("\(name).cpu-us", cpuMicroseconds.rounded())
    }
}

struct Samples: Sendable {
    private(set) var microseconds: [Double] = []

    mutating func add(_ duration: Duration) { microseconds.append(milliseconds(duration) * 1000) }
    mutating func merge(_ other: Samples) { microseconds += other.microseconds }
    mutating func time(_ body: () -> Void) {
        let start = ContinuousClock.now
        body()
        add(.now - start)
    }

    func report(_ name: String) {
        let sorted = microseconds.sorted()
        guard !sorted.isEmpty else { return }
        let (median, high) = (sorted[sorted.count / 2], sorted[sorted.count * 99 / 100])
        print("\(name)\t\(median.rounded())\t\(high.rounded())")
    }
}

enum StorageBenchReport {
    static func number(_ name: String, _ value: Double) { print("\(name)\t\(value)") }
}

func report(_ name: String, _ value: Double) { StorageBenchReport.number(name, value) }

func milliseconds(_ duration: Duration) -> Double { duration / .milliseconds(1) }

func fileSize(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
}

func cpuSeconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
}
