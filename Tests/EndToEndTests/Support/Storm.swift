import Foundation
import Testing

/// An instance whose daemon is killed again and again, while its pods start, run, end and are taken away.
///
/// Every container notes its start in a file of the host, so that a second start shows.
struct Storm {
    /// What a pod of the storm does.
    enum Kind: CaseIterable {
        /// Ends by itself with a code of its own.
        case ends
        /// The same after an init container, with a volume in memory.
        case endsAfterInit
        /// Stays, and takes its time when it is told to end.
        case staysUntilTold
        /// Fails once, succeeds when it is started again.
        case failsOnce
    }
    private struct Wanted {
        var kind: Kind
        var code: Int
    }
    private let machine: Machine
    private let notes: URL
    private var wanted: [String: Wanted] = [:]
    /// Containers that run all the time: what `ps` showed of them at first.
    private var steady: [String: PodRow.Container] = [:]
    /// How many pods there are at a time.
    private static let width = 10

    /// Starts the steady pods.
    init(_ machine: Machine) throws {
        self.machine = machine
        notes = try machine.directory("notes")
        for number in 0..<3 { try add("steady-\(number)", "exec sleep 100000") }
        let agent = try machine.startAgent()
        for number in 0..<3 {
            let name = "steady-\(number)"
            steady[name] = try agent.waitUntilRunning(name).containers.first
        }
        agent.kill9()
    }

    /// A pod is added, an old one removed, and the daemon dies at some moment of its start or its work.
    mutating func strike(_ round: Int) throws {
        let kind = Kind.allCases[round % Kind.allCases.count]
        let isEarly = Bool.random()
        let agent = try machine.startAgent(waiting: !isEarly)
        try add("pod-\(round)", kind, code: round % 100, milliseconds: round % 7 * 20)
        try remove("pod-\(round - Self.width)")
        usleep(UInt32.random(in: 0..<300_000))
        agent.kill9()
    }

    private mutating func add(_ name: String, _ kind: Kind, code: Int, milliseconds: Int) throws {
        wanted[name] = Wanted(kind: kind, code: kind == .failsOnce ? 0 : code)
        let wait = "usleep \(milliseconds * 1000)"
        switch kind {
        case .ends: try add(name, "\(wait); exit \(code)")
        case .endsAfterInit:
            let initial = "{name: first, image: busybox, command: [sh, -c, 'echo started >> /out/\(name).init; \(wait)'], \(Self.mount)}"
            try add(name, "echo x > /memory/x; exit \(code)", pod: "initContainers: [\(initial)]", isWithMemory: true)
        case .staysUntilTold:
            try add(name, "trap 'usleep 200000; exit 0' TERM; while :; do sleep 1 & wait $!; done", isWithMemory: true)
        case .failsOnce:
            let again = "[ -e /out/\(name).again ] && exit 0; : > /out/\(name).again; exit 1"
            try add(name, again, pod: "restartPolicy: OnFailure")
        }
    }

    private static let mount = "volumeMounts: [{name: out, mountPath: /out}]"

    private func add(_ name: String, _ command: String, pod: String = "restartPolicy: Never", isWithMemory: Bool = false) throws {
        let fields = pod.contains("restartPolicy") ? pod : "restartPolicy: Never, \(pod)"
        let memory = isWithMemory ? ", {name: memory, emptyDir: {medium: Memory}}" : ""
        let text = """
            apiVersion: v1
            kind: Pod
            metadata: {name: \(name)}
            spec:
              \(fields.split(separator: ", ", maxSplits: 1).joined(separator: "\n  "))
              terminationGracePeriodSeconds: 5
              volumes: [{name: out, hostPath: {path: \(notes.path)}}\(memory)]
              containers:
              - name: main
                image: busybox
                command: [sh, -c, \(Manifest.quoted("echo started >> /out/\(name).main; \(command)".replacing("$", with: "$$")))]
                volumeMounts: [{name: out, mountPath: /out}\(isWithMemory ? ", {name: memory, mountPath: /memory}" : "")]
            """
        _ = try machine.manifest(text, name: "manifests/\(name).yaml")
    }

    private mutating func remove(_ name: String) throws {
        guard wanted.removeValue(forKey: name) != nil else { return }
        try FileManager.default.removeItem(at: machine.manifests.appending(path: "\(name).yaml"))
    }
}

// MARK: - What must be true in the end

extension Storm {
    /// A last daemon finds everything as if there had been one all the time.
    func checkOutcome() throws {
        let agent = try machine.startAgent()
        try waitUntil("every pod is where it belongs", deadlineSeconds: 60) {
            try differences().isEmpty
        } orElse: {
            try differences().joined(separator: "; ")
        }
        try checkStarts()
        try waitUntil("nothing of other pods is left", deadlineSeconds: 30) {
            try remains().isEmpty
        } orElse: {
            try remains().joined(separator: "; ")
        }
        try #require(agent.terminate() == 0)
    }

    /// Between the pods that `ps` shows and those that are wanted.
    private func differences() throws -> [String] {
        let rows = try machine.pods()
        let byName = Dictionary(rows.map { ($0.name.replacing("-\(machine.nodeName)", with: ""), $0) }) { first, _ in first }
        var lines = Set(byName.keys).subtracting(wanted.keys).subtracting(steady.keys).sorted().map { "\($0) is still there" }
        if byName.count != rows.count { lines.append("a pod is listed twice: \(rows.map(\.name))") }
        for (name, before) in steady {
            let now = byName[name]?.containers.first
            let isSame = now?.containerID == before.containerID && now?.pid == before.pid && now?.restartCount == 0
            if !isSame || byName[name]?.phase != "Running" { lines.append("\(name) was \(before), is \(String(describing: now))") }
        }
        for (name, pod) in wanted where !isRight(byName[name], pod) {
            lines.append("\(name) (\(pod.kind), \(pod.code)) is \(byName[name].map { "\($0)" } ?? "missing")")
        }
        return lines
    }

    private func isRight(_ row: PodRow?, _ pod: Wanted) -> Bool {
        guard let row, let container = row.containers.first else { return false }
        if pod.kind == .staysUntilTold { return row.phase == "Running" && container.restartCount == 0 && container.pid != nil }
        return row.phase == (pod.code == 0 ? "Succeeded" : "Failed") && container.exitCode == pod.code
            && container.restartCount == (pod.kind == .failsOnce ? 1 : 0)
    }

    /// No container was started twice; those that are still wanted were started.
    private func checkStarts() throws {
        for note in try FileManager.default.contentsOfDirectory(atPath: notes.path) where !note.hasSuffix(".again") {
            let starts = try String(contentsOf: notes.appending(path: note), encoding: .utf8).split(separator: "\n").count
            let mayRepeat = FileManager.default.fileExists(atPath: notes.appending(path: "\(note.dropLast(5)).again").path)
            #expect(mayRepeat ? starts <= 2 : starts == 1, "\(note) was started \(starts) times")
        }
        for (name, pod) in wanted {
            let text = try String(contentsOf: notes.appending(path: "\(name).main"), encoding: .utf8)
            #expect(text.split(separator: "\n").count == (pod.kind == .failsOnce ? 2 : 1), "\(name)")
        }
    }

    /// A daemon keeps supervisors ready for the next pods (`RuntimeConfiguration.keepSpares`), each with a directory like a sandbox's.
    private static let spares = 4

    /// What the living instance has beyond what its pods need.
    private func remains() throws -> [String] {
        let running = steady.count + wanted.values.count { $0.kind == .staysUntilTold }
        let pods = steady.count + wanted.count
        let rows = try machine.pods()
        let ids = Set(rows.map(\.uid))
        var lines: [String] = []
        func check(_ what: String, _ found: [String], _ count: Int) {
            if found.count != count { lines.append("\(found.count) \(what), not \(count): \(found.sorted())") }
        }
        let cgroups = machine.cgroups
        check("supervisors", machine.supervisors, running + Self.spares)
        check("cgroups of pods", cgroups.filter { $0.split(separator: "/").last?.hasPrefix("pod") == true }, running)
        check("cgroups of containers", cgroups.filter { $0.split(separator: "/").last?.utf8.count == 32 }, running)
        check("mounts of volumes", machine.mounts.filter { $0.contains("/data/pods/") }, running - steady.count)
        check("sandboxes", machine.files("run/pods"), pods + Self.spares)
        check("sandboxes being removed", machine.files("run/removed"), 0)
        check("damaged records", machine.files("run/damaged"), 0)
        check("records of pods", machine.files("run/status"), pods)
        check("directories of pods", machine.files("data/pods"), pods)
        check("strange directories of pods", machine.files("data/pods").filter { !ids.contains($0) }, 0)
        check("directories of logs", machine.files("data/logs"), pods)
        return lines
    }
}
