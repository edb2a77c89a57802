internal import LinuxSystem

/// The input slots of a plan while it is built, by what they stand for.
struct PlanInputs {
    private(set) var order: [PlanInput] = []
    private var slots: [PlanInput: Slot] = [:]
    /// stdin, stdout, stderr: appended by the supervisor as the last three inputs.
    private(set) var streams: [Slot]?
    /// Appended by the supervisor as the last input.
    private(set) var terminalSocket: Slot?

    init(_ plan: inout ProcessPlan, wanted: [PlanInput]) {
        for input in wanted {
            order.append(input)
            slots[input] = plan.input("\(input)")
        }
    }

    mutating func appendStdio(_ stdio: PlanStdio, to plan: inout ProcessPlan) {
        switch stdio {
        case .streams: streams = ["stdin", "stdout", "stderr"].map { plan.input($0) }
        case .terminal: terminalSocket = plan.input("terminal")
        }
    }

    subscript(input: PlanInput) -> Slot? { slots[input] }
}
