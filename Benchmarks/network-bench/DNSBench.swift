import ClusterDNS
import Glibc
import KubernetesAPI
import KubernetesClient
import LinuxSystem
import Netlink
import NetworkTesting

/// Questions about services of a cluster of a thousand: how many a second for one core of the server, and how long one takes.
struct DNSBench {
    private let questions = 10_000
    private let window = 32

    func run() async throws {
        var links = try NetlinkSocket()
        try links.perform([.setLink(.name("lo"), LinkSettings(isUp: true))])
        let cluster = try await Cluster(services: 1000)
        let informers = SharedInformers(cluster.client)
        var configuration = ClusterDNS.Configuration(addresses: ["127.0.0.1"])
        configuration.port = 0
        let server = try await ClusterDNS.start(configuration, informers: informers)
        let port = UInt16(server.port)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await informers.run() }
            await informers.waitForSync()
            let executor = try BlockingExecutor(threads: 1)
            report("dns.rate-per-core", try await executor.run { try throughput(port) })
            report("dns.latency", try await executor.run { try latencies(port) })
            group.cancelAll()
        }
        await server.stop()
    }

    /// Answers for each second that the process works, without what this thread does.
    private func throughput(_ port: UInt16) throws -> [Double] {
        try (0..<5).map { _ in
            let socket = try TestSocket(isStream: false)
            socket.connect(IPAddress(v4: 0x7f00_0001), port)
            let before = Self.busy
            var (sent, received, lost) = (0, 0, 0)
            while received < questions {
                while sent < questions, sent - received < window {
                    _ = socket.send(Self.question(sent))
                    sent += 1
                }
                var state = pollfd(fd: socket.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
                guard poll(&state, 1, 200) > 0 else {
                    lost += sent - received
                    received = sent
                    guard lost < questions / 100 else { throw NobodyAnswers() }
                    continue
                }
                while socket.receive() != nil { received += 1 }
            }
            return Double(questions) / (Self.busy - before)
        }
    }

    private struct NobodyAnswers: Error {}

    /// Microseconds, one question after the other.
    private func latencies(_ port: UInt16) throws -> [Double] {
        let socket = try TestSocket(isStream: false)
        socket.connect(IPAddress(v4: 0x7f00_0001), port)
        return (0..<5000).map { number in
            microseconds {
                _ = socket.send(Self.question(number))
                var state = pollfd(fd: socket.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
                _ = poll(&state, 1, 1000)
                _ = socket.receive()
            }
        }
    }

    /// Seconds of CPU time of all other threads of the process.
    private static var busy: Double { seconds(CLOCK_PROCESS_CPUTIME_ID) - seconds(CLOCK_THREAD_CPUTIME_ID) }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// A question of type A for the name of one of the services (RFC 1035, 4.1).
    private static func question(_ number: Int) -> [UInt8] {
        let labels = ["service-\(number % 1000)", "default", "svc", "cluster", "local"]
        let name: [UInt8] = labels.flatMap { label -> [UInt8] in [UInt8(label.utf8.count)] + Array(label.utf8) } + [0]
        let head: [UInt8] = [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        return head + name + [0, 1, 0, 1]
    }
}
