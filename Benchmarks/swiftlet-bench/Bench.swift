import CRI
import Cgroups
import ContainerRuntime
import Glibc

/// Measures the container runtime from inside one process, as the node agent uses it. Run by Benchmarks/run.
@main
struct Bench {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 6, let count = Int(arguments[4]) else {
            print("usage: swiftlet-bench SUPERVISOR DATA-DIR RUN-DIR COUNT container|pod|parallel|exec|curve|logs …")
            exit(2)
        }
        signal(SIGPIPE, SIG_IGN)
        raiseDescriptorLimit()
        let startsPods = !Set(arguments[5...]).isDisjoint(with: ["pod", "parallel", "curve"])
        let bench = try await RuntimeBench(
            supervisor: arguments[1], dataDirectory: arguments[2], runDirectory: arguments[3], keepsSpares: startsPods)
        for section in arguments[5...] {
            switch section {
            case "container": try await bench.containers(count)
            case "pod": try await bench.pods(count)
            case "parallel": try await bench.parallelPods(count, inFlight: 8)
            case "exec": try await bench.execs(count)
            case "curve": try await bench.curve(count)
            case "logs": try await bench.logs(megabytes: count)
            default: print("no section \(section)")
            }
        }
        _ = try await bench.runtime.tearDown()
    }

    /// As the daemon does: it holds some descriptors for each pod.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
