import Glibc
import LinuxSystem
import Testing

@Suite(.enabled(if: RootFixture.canRun))
struct SpawnContainerTests {
    @Test func `a container has its own root, pid 1, mounts and identity`() throws {
        let root = try RootFixture()
        var container = ContainerPlan()
        container.command = [
            "/bin/sh", "-c",
            "echo pid=$$; hostname; ls / ; cat /proc/self/status; cat /proc/self/mountinfo; ulimit -n; umask; echo x >/written && echo wrote; ls /proc/self/fd",
        ]
        let plan = container.plan(on: root)
        let finished: Finished
        do {
            finished = try run(plan)
        } catch let failure as SpawnFailure {
            Issue.record("\(failure.description(in: plan))")
            return
        }
        #expect(finished.code == 0)
        #expect(finished.output.hasPrefix("pid=1\nbox\nbin\ndev\netc\nproc\nsys\ntmp\n"))
        #expect(finished.output.contains("CapEff:\t00000000a80425fb"))
        #expect(finished.output.contains("CapBnd:\t00000000a80425fb"))
        #expect(finished.output.contains("NoNewPrivs:\t1"))
        #expect(finished.output.contains("\n512\n0022\nwrote\n"))
        #expect(access(root.upper + "/written", F_OK) == 0)
        print(finished.output)
    }
}
