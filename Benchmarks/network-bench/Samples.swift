/// One line for `Benchmarks/run`.
func report(_ name: String, _ samples: [Double]) { print(([name] + samples.map { "\($0)" }).joined(separator: "\t")) }

func microseconds(_ body: () throws -> Void) rethrows -> Double { try ContinuousClock().measure(body) / .microseconds(1) }

extension Duration {
    var microseconds: Double { self / .microseconds(1) }
}
