import APIMachinery
import KubernetesAPI
import KubernetesClient
import Scheduler

// How many decisions a second: in process, and through the API server.
//
//     scheduler-bench [decisions|curve|api] [SECONDS-PER-CASE]
let arguments = CommandLine.arguments.dropFirst()
let mode = arguments.first ?? "decisions"
let seconds = arguments.dropFirst().first.flatMap { Int($0) } ?? 2

switch mode {
case "decisions": DecisionBench(limit: .seconds(seconds)).table()
case "curve": DecisionBench(limit: .seconds(seconds)).curve()
case "api": try await APIBench().run()
default: print("scheduler-bench: unknown mode \(mode): decisions, curve or api")
}
