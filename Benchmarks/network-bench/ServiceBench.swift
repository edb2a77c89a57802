import APIMachinery
import Glibc
import KubernetesAPI
import KubernetesClient
import LinuxSystem
import Netlink
import NetworkTesting
import ServiceProxy

/// From the API to the kernel: how long until a connection finds what an EndpointSlice says, and what a connection costs.
///
/// The service `probe` leads to a listener of this process; every other one leads nowhere.
struct ServiceBench {
    let count: Int
    private static let probe = (name: "probe", clusterIP: "10.96.0.77", address: "198.18.0.1")

    func run() async throws {
        try Self.makeLinks()
        let cluster = try await Cluster(services: count)
        try await Cluster.add(cluster.client, Self.probe.name, clusterIP: Self.probe.clusterIP, [Self.probe.address])
        var configuration = ServiceProxyConfiguration(
            nodeName: "bench", table: "bench-services", bridge: "bench0", podCIDRs: ["10.100.0.0/16"].compactMap { IPNetwork($0) },
            serviceCIDRs: ["10.96.0.0/15"].compactMap { IPNetwork($0) })
        configuration.healthCheckHost = "127.0.0.1"
        let proxy = try ServiceProxy(configuration, client: cluster.client) { print("\($0)") }
        try await proxy.prepare()
        let listener = try Listener(8080)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let executor = try BlockingExecutor(threads: 1)
            Self.returnFreeMemory()
            let before = Self.residentBytes
            let begin = ContinuousClock.now
            group.addTask { await proxy.run() }
            try await executor.run { try Self.waitUntil(isOpen: true) }
            report("services.\(count).first-sync", [(ContinuousClock.now - begin).microseconds / 1000])
            Self.returnFreeMemory()
            report("services.\(count).bytes-per-endpoint", [Double(Self.residentBytes - before) / Double(count * 3)])
            report("services.\(count).change", try await changes(cluster.client, executor))
            try await executor.run { try connections() }
            group.cancelAll()
        }
        listener.close()
    }

    /// Where the node has an address, and a way to services.
    private static func makeLinks() throws {
        var socket = try NetlinkSocket()
        try socket.perform([.setLink(.name("lo"), LinkSettings(isUp: true))])
        guard let loopback = try socket.link(.name("lo")), let own = IPPrefix("\(probe.address)/32"),
            let services = IPPrefix("10.96.0.0/15")
        else { return }
        _ = try socket.perform(.addAddress(own, toLink: loopback.index), tolerating: .exists)
        _ = try socket.perform(
            .addRoute(Route(to: services, linkIndex: loopback.index, source: Netlink.IPAddress(probe.address))), tolerating: .exists)
    }

    /// malloc_trim(3), which has no header that Swift knows.
    private static func returnFreeMemory() {
        guard let symbol = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> CInt).self)(0)
    }

    private static var residentBytes: Int {
        let fields = (try? Files.readText("/proc/self/statm"))?.split(separator: " ") ?? []
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    // MARK: changes

    /// Milliseconds from the request that changes the slice to the first connection that finds the new state.
    private func changes(_ client: Client, _ executor: BlockingExecutor) async throws -> [Double] {
        let slices = client.resource(EndpointSlice.self, namespace: "default")
        var samples: [Double] = []
        for round in 0..<100 {
            let isOpen = round % 2 == 1
            let slice = Cluster.slice(Self.probe.name, isOpen ? [Self.probe.address] : [])
            let begin = ContinuousClock.now
            _ = try await slices.update(slice)
            let end = try await executor.run {
                try Self.waitUntil(isOpen: isOpen)
                return ContinuousClock.now
            }
            samples.append((end - begin).microseconds / 1000)
            try await Task.sleep(for: .milliseconds(5))
        }
        return samples
    }

    private static func waitUntil(isOpen: Bool) throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while try connect(probe.clusterIP, 80) != isOpen {
            guard ContinuousClock.now < deadline else { throw Late() }
        }
    }
    private struct Late: Error {}

    // MARK: connections

    /// Microseconds of a connection, round by round: through the service's address and direct.
    private func connections() throws {
        var (through, direct): ([Double], [Double]) = ([], [])
        for _ in 0..<20 {
            func round(_ address: String, _ port: UInt16) throws -> Double {
                let samples = try (0..<200).map { _ in try microseconds { _ = try Self.connect(address, port) } }
                return samples.sorted()[samples.count / 2]
            }
            through.append(try round(Self.probe.clusterIP, 80))
            direct.append(try round(Self.probe.address, 8080))
        }
        report("services.\(count).connect", through)
        report("services.\(count).connect-direct", direct)
    }

    /// - Returns: Whether somebody is there.
    private static func connect(_ host: String, _ port: UInt16) throws -> Bool {
        guard let address = Netlink.IPAddress(host) else { return false }
        let client = try TestSocket(isStream: true)
        client.connect(address, port)
        var outcome: CInt?
        while outcome == nil { outcome = client.outcome }
        return outcome == 0
    }
}

/// Takes connections and lets them go, in a thread of its own.
private final class Listener {
    private let socket: TestSocket

    init(_ port: UInt16) throws {
        socket = try TestSocket.listening(port)
        let descriptor = socket.descriptor.rawValue
        let thread = pthread_t.start {
            while true {
                var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&state, 1, 1000) >= 0 else { return }
                while true {
                    let taken = Glibc.accept(descriptor, nil, nil)
                    guard taken >= 0 else { break }
                    _ = Glibc.close(taken)
                }
            }
        }
        _ = thread
    }

    /// The process ends with it.
    func close() {}
}

extension pthread_t {
    private final class Body {
        let run: () -> Void
        init(_ run: @escaping () -> Void) { self.run = run }
    }

    /// A thread without a task: it may block.
    @discardableResult
    static func start(_ run: @escaping @Sendable () -> Void) -> pthread_t {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(run)).toOpaque()
        pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, body)
        return thread
    }
}
