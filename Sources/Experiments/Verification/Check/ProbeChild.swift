internal import Glibc
internal import LinuxSystem
internal import Netlink

/// A process that lives for one question: in new namespaces, with what its plan gives it, then still until it is killed.
enum ProbeChild {
    /// - Parameter prepare: What the child does before it stands still. A step that fails is what this throws.
    static func run<Result>(
        _ namespaces: CloneFlags = [], descriptors: [CInt] = [], prepare: (inout ProcessPlan) -> Void = { _ in },
        _ body: (borrowing Spawned) throws -> Result
    ) throws -> Result {
        var plan = ProcessPlan(cloneFlags: namespaces)
        prepare(&plan)
        plan.becomeInit()
        let child = try spawn(plan, descriptors)
        defer {
            try? child.pidfd.send(signal: SIGKILL)
            _ = try? child.pidfd.waitForExit()
        }
        return try body(child)
    }

    private static func spawn(_ plan: ProcessPlan, _ descriptors: [CInt]) throws -> Spawned {
        do {
            return try plan.spawn(descriptors: descriptors)
        } catch let failure as SpawnFailure {
            throw SystemError(failure.step.description + (failure.detail.isEmpty ? "" : " \(failure.detail)"), failure.errno)
        }
    }

    /// That the child comes to stand at all.
    static func stands(
        _ namespaces: CloneFlags = [], descriptors: [CInt] = [], prepare: (inout ProcessPlan) -> Void = { _ in }
    ) throws {
        try run(namespaces, descriptors: descriptors, prepare: prepare) { _ in }
    }
}

/// A thread with mounts of its own: what is mounted on it is seen by nobody else and goes with it.
enum PrivateMounts {
    static func run<Result>(_ body: () throws -> Result) throws -> Result {
        try withDedicatedThread {
            try ThreadNamespaces.unshare(.mount)
            guard unsafe mount(nil, "/", nil, UInt(MS_REC) | UInt(MS_PRIVATE), nil) == 0 else {
                throw SystemError("make all mounts private", .current)
            }
            return try body()
        }
    }
}

/// A directory on the file system that pods will be on, removed with its content at the end.
enum ScratchDirectory {
    static func run<Result>(in parent: String, _ body: (String) throws -> Result) throws -> Result {
        var template = Array("\(parent)/.swiftlet-check-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw SystemError("make a directory in \(parent)", .current) }
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { remove(path) }
        return try body(path)
    }

    private static func remove(_ path: String) {
        for name in (try? Files.names(in: path)) ?? [] {
            let child = "\(path)/\(name)"
            var status = stat()
            guard unsafe lstat(child, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR { remove(child) } else { _ = unsafe unlink(child) }
        }
        _ = unsafe rmdir(path)
    }
}
