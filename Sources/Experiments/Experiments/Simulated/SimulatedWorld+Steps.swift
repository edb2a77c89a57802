internal import CRI

/// Steps in simulated time.
extension SimulatedWorld {
    /// Sees to it that each step is done in its time.
    func arm(_ steps: [Experiment.Step]) {
        watch.onStep { [weak self] step, delay in
            guard let self else { return }
            if delay == .zero { perform(step) } else { schedule(step, at: clock.elapsed + delay) }
        }
        // What is so from the beginning is so before the node agent does anything.
        for (step, time) in StepTriggers.timed(steps) { if time == .zero { perform(step) } else { schedule(step, at: time) } }
    }

    private func schedule(_ step: Experiment.Step, at time: Duration) {
        clock.schedule(at: max(time, clock.elapsed)) { [weak self] in self?.perform(step) }
    }

    private func perform(_ step: Experiment.Step) {
        watch.note(fault: step.text, step.pod, step.container)
        switch step.fault {
        case .signal(let number): endNow(step.pod, step.container, code: 128 + number, outOfMemory: false)
        case .exit(let code): endNow(step.pod, step.container, code: code, outOfMemory: false)
        case .outOfMemory: endNow(step.pod, step.container, code: 137, outOfMemory: true)
        // A simulated pod's UID is its name.
        case .delete(let grace): agents.delete(step.pod, graceSeconds: grace)
        case .supervisor: breakSandbox(step.pod)
        case .daemon(let away): agents.leave(for: away)
        case .node(let away):
            agents.leave(for: away)
            for pod in agents.names { breakSandbox(pod) }
        case .health, .imageMissing, .execFails:
            watch.begin(step, image: agents.image(of: step.pod, step.container)) { [weak self] duration, end in
                guard let self else { return }
                clock.schedule(at: clock.elapsed + duration, end)
            }
        case .fail, .wait: break  // done where the agent comes to
        case .kernel, .thaw: watch.record.add(problem: "\(step.text): there is no kernel in a simulation")
        }
    }
}
