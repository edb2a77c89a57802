import Testing

@testable import ContainerRuntime

@Suite struct ContainerLifecycleTests {
    typealias State = ContainerLifecycle.State
    static let end = ContainerExit.ended(startedAt: 1, finishedAt: 2, exitCode: 3, isOutOfMemory: false)
    static let other = ContainerExit.ended(startedAt: 1, finishedAt: 9, exitCode: 9, isOutOfMemory: false)
    static let failure = ContainerExit.startFailed(at: 5, message: "no")
    static let running = State.running(pid: 7, startedAt: 1)

    static let table: [(State, ContainerLifecycle.Event, ContainerLifecycle.Effect, State)] = [
        (.created, .start, .changed, .starting), (.starting, .start, .refused, .starting),
        (running, .start, .refused, running), (.exited(end), .start, .refused, .exited(end)),
        (.starting, .started(pid: 7, at: 1), .changed, running), (.created, .started(pid: 7, at: 1), .changed, running),
        (.exited(end), .started(pid: 7, at: 1), .ignored, .exited(end)), (running, .started(pid: 8, at: 2), .ignored, running),
        (.starting, .startFailed(failure), .changed, .exited(failure)), (.created, .startFailed(failure), .ignored, .created),
        (running, .startFailed(failure), .ignored, running), (.exited(end), .startFailed(failure), .ignored, .exited(end)),
        (.created, .exited(end), .changed, .exited(end)), (.starting, .exited(end), .changed, .exited(end)),
        (running, .exited(end), .changed, .exited(end)), (.exited(end), .exited(other), .ignored, .exited(end)),
    ]

    @Test(arguments: table)
    func `every state takes every event`(
        from: State, event: ContainerLifecycle.Event, effect: ContainerLifecycle.Effect, to: State
    ) {
        var lifecycle = ContainerLifecycle(from)
        #expect(lifecycle.handle(event) == effect)
        #expect(lifecycle.state == to)
    }

    @Test(arguments: [(0, false, "Completed"), (1, false, "Error"), (137, false, "Error"), (137, true, "OOMKilled"), (1, true, "Error")])
    func `the reason follows from code and memory`(code: Int32, isOutOfMemory: Bool, reason: String) {
        #expect(ContainerExit.ended(startedAt: 1, finishedAt: 2, exitCode: code, isOutOfMemory: isOutOfMemory).reason == reason)
    }
}
