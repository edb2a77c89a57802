// What Benchmarks/run measures of the network inside one process, in a network namespace of its own. One line for each figure: its name, then samples.
//
//     network-bench services COUNT | pods | dns
let arguments = CommandLine.arguments.dropFirst()

switch arguments.first {
case "services": try await ServiceBench(count: arguments.dropFirst().first.flatMap { Int($0) } ?? 10).run()
case "pods": try PodBench().run()
case "dns": try await DNSBench().run()
default: print("network-bench: services COUNT, pods or dns")
}
