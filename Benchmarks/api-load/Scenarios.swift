import APIMachinery
import Glibc
import NIOCore

/// What is measured at an API server. Each works in a namespace of its own.
struct Scenarios {
    let target: Target
    let pool: ClientPool

    init(_ target: Target) {
        self.target = target
        pool = ClientPool(target)
    }

    /// Latency of an operation and the server's CPU for it.
    func closedLoop(_ operation: Operation, clients count: Int, count operations: Int) async throws {
        let place = try await makePlace()
        let name = count == 1 ? operation.rawValue : "\(operation.rawValue)-\(count)"
        try await seed(operation.seeds, in: place)
        let clients = try await connect(count)
        // What the first ones cost is not what the others cost.
        try await run(clients, Work(numbers: Numbers(count: count * 4)) { operation.request(-1 - $0, in: place) })
        let work = Work(numbers: Numbers(count: operations)) { operation.request($0, in: place) }
        try await measure(name, operations: operations) { try await run(clients, work) }
    }

    /// Makes objects and says what one took, on top of what is there.
    func fill(_ kind: String, count: Int) async throws {
        let place = try await makePlace()
        let clients = try await connect(32)
        let work = Work(numbers: Numbers(count: count)) { number in
            kind == "pods"
                ? Request(method: "POST", path: "\(place)/pods", body: Objects.largePod("pod-\(number)"))
                : Request(method: "POST", path: "\(place)/configmaps", body: Objects.configMap("map-\(number)"))
        }
        try await measure("fill", operations: count) { try await run(clients, work) }
    }

    /// Connections that have sent a request and lie there now.
    func idle(connections: Int) async throws {
        let place = try await makePlace()
        try await seed(Operation.get.seeds, in: place)
        let before = target.process.proportionalKiB
        var idle: [Client<HTTP1Wire>] = []
        while idle.count < connections { idle += try await connect(min(200, connections - idle.count)) }
        Report.number("idle.kib-each", (target.process.proportionalKiB - before) / Double(connections))
        let busy = try await pool.connect(HTTP1Wire.self)
        let work = Work(numbers: Numbers(count: 2000)) { Operation.get.request($0, in: place) }
        try await busy.run(work).report("idle.get")
        withExtendedLifetime(idle) {}
    }

    func definitions(count: Int) async throws {
        let client = try await pool.connect(HTTP1Wire.self)
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        // The first brings in what all of them share.
        try await client.call(Request(method: "POST", path: path, body: Objects.definition(count)))
        sleep(1)
        let before = target.process.proportionalKiB
        for number in 0..<count { try await client.call(Request(method: "POST", path: path, body: Objects.definition(number))) }
        try await client.call(Request(path: "/apis/load.example.com/v1/namespaces/default/loads\(count - 1)"))
        sleep(2)
        Report.number("definition.kib-each", (target.process.proportionalKiB - before) / Double(count))
    }

    // MARK: parts

    func connect(_ count: Int) async throws -> [Client<HTTP1Wire>] {
        var clients: [Client<HTTP1Wire>] = []
        for _ in 0..<count {
            let client = try await pool.connect(HTTP1Wire.self)
            try await client.call(Request(path: "/version"))
            clients.append(client)
        }
        return clients
    }

    /// - Returns: The path of a new namespace.
    func makePlace() async throws -> String {
        let client = try await pool.connect(HTTP1Wire.self)
        let name = "load-\(getpid())-\(Samples.now % 1_000_000)"
        try await client.call(Request(method: "POST", path: "/api/v1/namespaces", body: Objects.namespace(name)))
        let place = "/api/v1/namespaces/\(name)"
        do {
            try await client.call(Request(method: "POST", path: "\(place)/serviceaccounts", body: Objects.serviceAccount()))
        } catch let error as LoadError where error.description.contains("status 409") {
            // A controller was there first.
        }
        return place
    }

    private func seed(_ seeds: (pods: Int, configMaps: Int), in place: String) async throws {
        let clients = try await connect(8)
        let pods = Work(numbers: Numbers(count: seeds.pods)) {
            Request(method: "POST", path: "\(place)/pods", body: Objects.pod("seed-\($0)"))
        }
        let configMaps = Work(numbers: Numbers(count: seeds.configMaps)) {
            Request(method: "POST", path: "\(place)/configmaps", body: Objects.configMap("seed-\($0)"))
        }
        try await run(clients, pods)
        try await run(clients, configMaps)
    }

    @discardableResult
    private func run(_ clients: [Client<HTTP1Wire>], _ work: Work) async throws -> Samples { try await runTogether(clients, work) }

    private func measure(_ name: String, operations: Int, _ body: () async throws -> Samples) async throws {
        try await measureLoad(name, operations: operations, target.process, body)
    }
}

/// All clients at once, until the work's numbers are used up.
@discardableResult
func runTogether<W: Wire>(_ clients: [Client<W>], _ work: Work) async throws -> Samples {
    try await withThrowingTaskGroup(of: Samples.self) { group in
        for client in clients { group.addTask { try await client.run(work) } }
        var all = Samples()
        for try await samples in group { all.merge(samples) }
        return all
    }
}

/// Reports times, rate and the server's CPU of what the body does.
func measureLoad(_ name: String, operations: Int, _ process: ServerProcess, _ body: () async throws -> Samples) async throws {
    let cpu = process.cpuSeconds
    let start = Samples.now
    let samples = try await body()
    let seconds = Double(Samples.now - start) / 1e9
    samples.report(name)
    Report.number("\(name).per-second", Double(operations) / seconds)
    Report.number("\(name).cpu-us", (process.cpuSeconds - cpu) * 1e6 / Double(operations))
}
