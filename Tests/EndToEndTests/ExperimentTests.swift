import Foundation
import Testing

extension EndToEnd {
    /// `swiftlet experiment` on real pods.
    @Suite struct ExperimentTests {}
}

extension EndToEnd.ExperimentTests {
    private static let head = """
        apiVersion: swiftlet.dev/v1
        kind: Experiment
        metadata: {name: real}
        """

    /// Runs a file, and takes stock of what it has left.
    private static func run(_ machine: Machine, _ verb: String, _ text: String, _ options: [String] = []) throws -> Program.Result {
        let file = try machine.manifest(text, name: "experiment.yaml")
        let result = try machine.swiftlet(["experiment", verb], [file] + options, deadlineSeconds: 240)
        #expect(try machine.pods().isEmpty)
        // Of the instance itself, until `down`.
        let mounts = machine.mounts.filter { !$0.hasSuffix("/run/netns") }
        #expect(mounts.isEmpty, "\(mounts)")
        #expect(machine.cgroups.filter { $0.contains("/pod") }.isEmpty, "\(machine.cgroups)")
        return result
    }

    @Test(arguments: [("grace-period-exceeded.yaml", ["--set", "grace=2"])])
    func `an experiment of the library has the same order really`(file: String, options: [String]) throws {
        let text = try String(contentsOf: Repository.root.appending(path: "experiments/\(file)"), encoding: .utf8)
        try withMachine { machine throws in
            let result = try Self.run(machine, "compare", text, options)
            #expect(result.status == 0, "\(result.stdout)\(result.stderr)")
        }
    }

    /// What a frozen program, and one that is cut off, looks like to a probe; both come back by themselves.
    @Test(arguments: [
        "{do: freeze, container: app, for: 6s, after: ready + 1s}", "{do: network, partition: true, for: 6s, after: ready + 1s}",
    ])
    func `a fault in the kernel is seen by probes, and taken back`(step: String) throws {
        let text = """
            \(Self.head)
            duration: 25s
            pods:
            - metadata: {name: web}
              spec:
                terminationGracePeriodSeconds: 1
                containers:
                - name: app
                  image: fixture
                  args: [run, --http, "8080"]
                  readinessProbe: {httpGet: {port: 8080, path: /x}, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1}
            steps:
            - \(step)
            expect:
            - order: [ready, unready, ready]
            - {restarts: 0, container: app}
            """
        try withMachine(images: ["fixture"]) { machine throws in
            let result = try Self.run(machine, "run", text, ["-o", "json"])
            #expect(result.status == 0, "\(result.stdout)\(result.stderr)")
        }
    }

    /// As it is named, before anything starts.
    @Test func `what this machine can't do is refused by its name`() throws {
        let controllers = (try? String(contentsOfFile: "/proc/cgroups", encoding: .utf8)) ?? ""
        let isHeld = controllers.split(separator: "\n").contains { $0.hasPrefix("memory\t") && !$0.hasPrefix("memory\t0\t") }
        try withMachine { machine throws in
            let text = """
                \(Self.head)
                duration: 1s
                pods:
                - metadata: {name: web}
                  spec: {terminationGracePeriodSeconds: 0, containers: [{name: app, image: busybox, command: [sleep, "100000"]}]}
                steps:
                - {at: 0s, do: memory, max: 16Mi}
                expect: [{restarts: 0, container: app}]
                """
            let result = try Self.run(machine, "run", text)
            if isHeld {
                #expect(result.status == 3, "\(result.stdout)\(result.stderr)")
                #expect(result.stderr.contains("this machine can't do \"memory\": the memory controller is missing"), "\(result.stderr)")
            } else {
                #expect(result.status != 2, "\(result.stderr)")
            }
        }
    }
}
