import Glibc
import LinuxSystem
import Testing

@testable import Cgroups

@Suite(.enabled(if: geteuid() == 0, "makes cgroups: needs root"), .serialized)
struct CgroupRootTests {
    @Test func `the root gives what the machine has, and names what it lacks`() throws {
        let hierarchy = try CgroupHierarchy.find()
        try withScratchCgroup { scratch in
            let top = try Cgroup(opening: hierarchy.mountPoint)
            let root = try hierarchy.openRoot(scratch.path + "/node/pods")
            #expect(root.cgroup.path == scratch.path + "/node/pods")
            #expect(try root.controllers == top.controllers())
            #expect(
                Set(root.missing.map(\.controller)) == Set(CgroupControllers.all.subtracting(root.controllers).members))
            #expect(try CgroupControllers(parsing: root.cgroup.read("cgroup.subtree_control")) == root.controllers)
        }
    }

    @Test func `processes in a delegated root move into the leaf`() throws {
        let hierarchy = try CgroupHierarchy.find()
        try withScratchCgroup(.all) { scratch in
            let first = try TestProcess.start(in: scratch, "read more")
            let second = try TestProcess.start(in: scratch, "read more")
            let root = try hierarchy.openRoot(scratch.path, leaf: "me")
            // Without any controller nothing is in the way and nothing need move.
            if !root.controllers.isEmpty {
                #expect(try scratch.processes().isEmpty)
                #expect(try Set(scratch.openChild("me").processes()) == [first.pid, second.pid])
            }
            try first.go()
            try second.go()
            #expect(try first.wait() == 0)
            #expect(try second.wait() == 0)
        }
    }

    @Test func `pods are made below their class, found again and destroyed`() throws {
        let hierarchy = try CgroupHierarchy.find()
        try withScratchCgroup { scratch in
            let root = try hierarchy.openRoot(scratch.path)
            let kubepods = try Kubepods(root: root)
            #expect(kubepods.controllers == root.controllers)
            for qos in PodQOS.allCases {
                let pod = try kubepods.createPod(qos, uid: "12-ab")
                #expect(pod.path == scratch.path + "/" + KubepodsLayout.path(qos, podUID: "12-ab"))
                let container = try pod.createChild("web")
                #expect(try container.controllers() == root.controllers)
                #expect(try kubepods.openPod(qos, uid: "12-ab").path == pod.path)
                #expect(throws: SystemError("create cgroup \(pod.path)", .exists)) {
                    _ = try kubepods.createPod(qos, uid: "12-ab")
                }
                #expect(throws: SystemError.self) { _ = try kubepods.createPod(qos, uid: "/../../x") }
                let process = try TestProcess.start(in: container, "sleep 1000")
                #expect(try Kubepods(root: root).podUIDs(qos) == ["12-ab"])
                try kubepods.destroyPod(qos, uid: "12-ab")
                try kubepods.destroyPod(qos, uid: "12-ab")
                #expect(try kubepods.podUIDs(qos).isEmpty)
                #expect(try process.wait() == 128 + 9)
            }
        }
    }

    @Test func `what this machine cannot enforce is returned with the reason`() throws {
        try withScratchCgroup { scratch in
            var resources = CgroupResources()
            resources.unified = ["cpu.no_such_file": "1", "pids.max": "10", "misc.no_such_file": "2"]
            let unenforced = try scratch.apply(resources.writes(isNew: true))
            // The scratch cgroup has cpu and pids only where the top of the tree passes them on.
            let enabled = try scratch.controllers()
            let reasons = unenforced.map(\.description)
            #expect(
                reasons.contains(
                    enabled.contains(.cpu)
                        ? "cpu.no_such_file \"1\": this kernel has no cpu.no_such_file"
                        : "cpu.no_such_file \"1\": controller cpu is not available in \(scratch.path)"))
            #expect(reasons.contains("misc.no_such_file \"2\": this kernel has no misc.no_such_file"))
            #expect(unenforced.contains { $0.controller == .pids && $0.file == "pids.max" } == !enabled.contains(.pids))
        }
    }

    @Test func `a refused write throws`() throws {
        try withScratchCgroup { scratch in
            #expect(throws: SystemError("write \"x\" to \(scratch.path)/cgroup.max.depth", .invalidArgument)) {
                _ = try scratch.apply([CgroupWrite("cgroup.max.depth", "3"), CgroupWrite("cgroup.max.depth", "x")])
            }
            let depth = try scratch.read("cgroup.max.depth")
            #expect(depth == "3\n", "what came before the refused write stands")
        }
    }
}
