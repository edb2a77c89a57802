import Foundation
import Testing

extension EndToEnd {
    /// `swiftlet run -f` on whole manifests, as a user runs it.
    @Suite struct RunTests {}
}

extension EndToEnd.RunTests {
    @Test func `init container, sidecar and two containers share a volume and localhost`() throws {
        try withMachine { machine throws in
            let demo = Repository.root.appending(path: "examples/demo.yaml").path
            let result = try machine.swiftlet(["run"], ["-f", demo])
            #expect(result.status == 0, "\(result.stdout)\(result.stderr)")
            #expect(result.stdout.contains("client | prepared by demo\n"))
            #expect(result.stdout.contains("inspector | CapEff:\t0000000000000000\n"))
            #expect(result.stdout.contains("inspector | NoNewPrivs:\t1\n"))
            #expect(result.stdout.contains("Read-only file system"))
        }
    }

    @Test(arguments: [
        ("exit 0", Int32(0)), ("exit 3", 3), ("exit 255", 255), ("kill -9 $$", 137), ("kill -TERM $$; sleep 5", 143),
        ("kill -SEGV $$", 139), ("/no/such/program", 127),
    ])
    func `the exit code is the container's`(command: String, expected: Int32) throws {
        try withMachine { machine throws in
            let pod = try machine.manifest(Manifest.busybox(command: command, pod: "shareProcessNamespace: true"))
            let result = try machine.swiftlet(["run"], ["-f", pod])
            #expect(result.status == expected, "\(result.stdout)\(result.stderr)")
        }
    }

    @Test func `a shell that is pid 1 ignores its own SIGTERM, as the kernel has it`() throws {
        try withMachine { machine throws in
            let pod = try machine.manifest(Manifest.busybox(command: "kill -TERM $$; exit 6"))
            #expect(try machine.swiftlet(["run"], ["-f", pod]).status == 6)
        }
    }

    @Test func `the first failing container decides, in the manifest's order`() throws {
        try withMachine { machine throws in
            let pod = try machine.manifest(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: two}
                spec:
                  restartPolicy: Never
                  containers:
                    - {name: good, image: busybox, command: [sh, -c, "exit 0"]}
                    - {name: late, image: busybox, command: [sh, -c, "usleep 200000; exit 4"]}
                    - {name: early, image: busybox, command: [sh, -c, "exit 5"]}
                """)
            #expect(try machine.swiftlet(["run"], ["-f", pod]).status == 4)
        }
    }

    @Test func `a failing init container keeps the others from starting, and decides`() throws {
        try withMachine { machine throws in
            let pod = try machine.manifest(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: init}
                spec:
                  restartPolicy: Never
                  initContainers:
                    - {name: first, image: busybox, command: [echo, first ran]}
                    - {name: second, image: busybox, command: [sh, -c, "exit 9"]}
                  containers:
                    - {name: main, image: busybox, command: [echo, main ran]}
                """)
            let result = try machine.swiftlet(["run"], ["-f", pod])
            #expect(result.status == 9, "\(result.stderr)")
            #expect(result.stdout == "first | first ran\n")
        }
    }

    @Test func `containers share the pid namespace when asked`() throws {
        try withMachine { machine throws in
            let pod = try machine.manifest(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: shared}
                spec:
                  restartPolicy: Never
                  shareProcessNamespace: true
                  containers:
                    - {name: sleeper, image: busybox, command: [sleep, "12345"]}
                    - name: killer
                      image: busybox
                      command: [sh, -c, 'until kill -TERM $(pidof sleep); do usleep 20000; done; echo found']
                """)
            let result = try machine.swiftlet(["run"], ["-f", pod])
            #expect(result.stdout.contains("killer | found\n"), "\(result.stdout)\(result.stderr)")
            #expect(result.status == 143)
        }
    }

    @Test func `several documents are several pods, that reach each other by address`() throws {
        try withMachine { machine throws in
            let pods = try machine.manifest(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: one}
                spec:
                  restartPolicy: Never
                  containers: [{name: c, image: busybox, command: [sh, -c, 'echo from-one | nc -l -p 7000']}]
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: two}
                spec:
                  restartPolicy: Never
                  containers:
                    - name: c
                      image: busybox
                      command:
                        - sh
                        - -c
                        - |
                          net=$(hostname -i | cut -d. -f1-3)
                          while :; do for last in 2 3 4 5; do nc -w 1 $net.$last 7000 2>/dev/null | grep from-one && exit 0; done; done
                """)
            let result = try machine.swiftlet(["run"], ["-f", pods, "--timeout", "30s"])
            #expect(result.status == 0, "\(result.stdout)\(result.stderr)")
            #expect(result.stdout.contains("two/c | from-one\n"))
        }
    }

    @Test func `a timeout ends the pods and is told from a failure`() throws {
        try withMachine { machine throws in
            let pod = try machine.manifest(Manifest.busybox(command: "sleep 1000"))
            let result = try machine.swiftlet(["run"], ["-f", pod, "--timeout", "1s"])
            #expect(result.status == 1)
            #expect(result.stderr.contains("timed out after 1s"), "\(result.stderr)")
        }
    }

    @Test func `output keeps its order, its long lines and its last line without an end`() throws {
        try withMachine { machine throws in
            let pod = try machine.manifest(
                Manifest.busybox(
                    command: "for i in $(seq 300); do echo line $i; done; head -c 40000 /dev/zero | tr '\\0' x; echo; printf end"))
            let result = try machine.swiftlet(["run"], ["-f", pod])
            let expected =
                (1...300).map { "main | line \($0)\n" }.joined() + "main | \(String(repeating: "x", count: 40_000))\nmain | end\n"
            #expect(result.stdout == expected)
        }
    }

    @Test func `run leaves nothing in the kernel`() throws {
        try withMachine { machine throws in
            // The first pod makes the bridge and the instance's cgroup, which stay.
            let pod = try machine.manifest(Manifest.busybox(command: "exit 0"))
            _ = try machine.swiftlet(["run"], ["-f", pod])
            let before = KernelInventory.take()
            #expect(try machine.swiftlet(["run"], ["-f", pod]).status == 0)
            let after = KernelInventory.settled(like: before)
            #expect(before == after, "\(before.difference(to: after))")
            #expect(try machine.pods().isEmpty)
        }
    }
}

// MARK: - Machine-readable output

extension EndToEnd.RunTests {
    @Test func `json names every container with its end`() throws {
        try withMachine { machine throws in
            let pod = try machine.manifest(Manifest.busybox(command: "exit 7"))
            let result = try machine.swiftlet(["run"], ["-f", pod, "-o", "json"])
            #expect(result.status == 7)
            struct Answer: Decodable { var pods: [PodRow] }
            let answer = try JSONDecoder().decode(Answer.self, from: Data(result.stdout.utf8))
            let row = try #require(answer.pods.first)
            #expect(row.phase == "Failed")
            #expect(row.container("main")?.exitCode == 7)
            #expect(row.container("main")?.reason == "Error")
        }
    }

    @Test func `junit has a case for each container, and failures for those that failed`() throws {
        try withMachine { machine throws in
            let pod = try machine.manifest(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: pair}
                spec:
                  restartPolicy: Never
                  containers:
                    - {name: good, image: busybox, command: [echo, "a < b & c"]}
                    - {name: bad, image: busybox, command: [sh, -c, "exit 3"]}
                """)
            let result = try machine.swiftlet(["run"], ["-f", pod, "-o", "junit"])
            #expect(result.status == 3)
            let report = try JUnitReport(result.stdout)
            #expect(report.cases.map(\.name).contains { $0.contains("good") })
            #expect(report.cases.filter(\.isFailed).count == 1)
            #expect(report.cases.first(where: \.isFailed)?.name.contains("bad") == true)
            #expect(report.declaredFailures == 1)
            #expect(report.declaredTests == report.cases.count)
        }
    }
}
