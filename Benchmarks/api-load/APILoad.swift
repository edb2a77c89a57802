import Glibc

/// Load for an API server, or for etcd, on this machine: closed loops of requests, watches, idle connections.
///
/// Prints NAME<tab>NUMBER lines: times in microseconds, memory in KiB. `cpu-us` is what the server's process used per operation, from
/// /proc/PID/stat: it holds on a busy machine too, where times and rates do not.
@main struct APILoad {
    static let usage = """
        usage: api-load serial KUBECONFIG PID OPERATION COUNT      one client; get, create, create-pod, merge, apply, list, table, label
               api-load many KUBECONFIG PID OPERATION CLIENTS COUNT
               api-load fill KUBECONFIG PID pods|configmaps COUNT  objects of 4 KB and 0.3 KB, named by number from what is there
               api-load watch KUBECONFIG PID WATCHERS WRITES RATE  RATE in writes per second
               api-load idle KUBECONFIG PID CONNECTIONS            connections that only lie there, and gets beside them
               api-load definitions KUBECONFIG PID COUNT           custom resource definitions
               api-load etcd HOST:PORT PID CLIENTS COUNT           puts of the same size as create's objects
               api-load sync DIRECTORY COUNT                       a page behind a file's end with fdatasync(2)
        """

    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        raiseDescriptorLimit()
        do {
            try await run(arguments)
        } catch {
            let message = Array("api-load: \(error)\n".utf8)
            write(2, message, message.count)
            exit(1)
        }
    }

    private static func run(_ arguments: [String]) async throws {
        func number(_ index: Int) throws -> Int {
            guard arguments.indices.contains(index), let number = Int(arguments[index]), number > 0 else { throw LoadError(usage) }
            return number
        }
        guard arguments.count > 2 else { throw LoadError(usage) }
        let target = { try Target(kubeconfig: arguments[1], pid: number(2)) }
        switch arguments[0] {
        case "serial": try await Scenarios(target()).closedLoop(operation(arguments, 3), clients: 1, count: number(4))
        case "many": try await Scenarios(target()).closedLoop(operation(arguments, 3), clients: number(4), count: number(5))
        case "fill": try await Scenarios(target()).fill(arguments[3], count: number(4))
        case "watch": try await Scenarios(target()).watch(watchers: number(3), writes: number(4), rate: number(5))
        case "idle": try await Scenarios(target()).idle(connections: number(3))
        case "definitions": try await Scenarios(target()).definitions(count: number(3))
        case "etcd": try await EtcdScenario(address: arguments[1], pid: number(2)).run(clients: number(3), count: number(4))
        case "sync": syncFloor(directory: arguments[1], count: try number(2))
        default: throw LoadError(usage)
        }
    }

    private static func operation(_ arguments: [String], _ index: Int) throws -> Operation {
        guard arguments.indices.contains(index), let operation = Operation(rawValue: arguments[index]) else { throw LoadError(usage) }
        return operation
    }

    /// What the disk takes for one small write that survives a power cut.
    private static func syncFloor(directory: String, count: Int) {
        let path = "\(directory)/sync-floor"
        let file = open(path, O_RDWR | O_CREAT, 0o600)
        defer {
            close(file)
            unlink(path)
        }
        let page = [UInt8](repeating: 1, count: 4096)
        var samples = Samples()
        for number in 0..<count {
            let start = Samples.now
            pwrite(file, page, page.count, off_t(number * page.count))
            fdatasync(file)
            samples.add(from: start, to: Samples.now)
        }
        samples.report("sync")
    }

    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

struct LoadError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
