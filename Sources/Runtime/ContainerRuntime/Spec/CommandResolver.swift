internal import CRI

/// What is started and with which environment: pod over image (kubelet behaviour: command replaces the entrypoint, args the cmd).
enum CommandResolver {
    /// The path in force when nobody sets one (runc, containerd).
    static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    static func arguments(_ config: ContainerConfig, entrypoint: [String], cmd: [String]) throws(SpecError) -> [String] {
        let arguments: [String] =
            if !config.command.isEmpty {
                config.command + config.args
            } else {
                entrypoint + (config.args.isEmpty ? cmd : config.args)
            }
        guard let first = arguments.first else {
            throw SpecError("no command specified: neither the container nor its image says what to start")
        }
        guard !first.isEmpty else { throw SpecError("exec: \"\": the command to start is the empty string") }
        try refuseNUL(arguments, "command")
        return arguments
    }

    /// PATH, HOSTNAME and TERM first, then the image's, then the container's: the later wins, in the place of the earlier.
    static func environment(
        _ config: ContainerConfig, image: [String], hostname: String, home: String
    ) throws(SpecError) -> [String] {
        var environment = EnvironmentList()
        environment.set("PATH", defaultPath)
        environment.set("HOSTNAME", hostname)
        if config.tty { environment.set("TERM", "xterm") }
        for entry in image { environment.set(entry: entry) }
        for variable in config.envs {
            guard !variable.name.isEmpty, !variable.name.utf8.contains(UInt8(ascii: "=")) else {
                throw SpecError("environment variable \"\(variable.name)\": the name must not be empty and must not hold '='")
            }
            environment.set(variable.name, variable.value)
        }
        if !environment.contains("HOME") { environment.set("HOME", home) }
        try refuseNUL(environment.entries, "environment")
        return environment.entries
    }

    /// Absolute; the container's over the image's over `/`.
    static func workingDirectory(_ config: ContainerConfig, image: String) throws(SpecError) -> String {
        let directory = config.workingDir.isEmpty ? (image.isEmpty ? "/" : image) : config.workingDir
        guard directory.hasPrefix("/") else { throw SpecError("working directory \"\(directory)\": must be an absolute path") }
        try refuseNUL([directory], "working directory")
        return directory
    }

    /// The kernel's strings end at a NUL: what stands behind it would be lost without a word.
    private static func refuseNUL(_ texts: [String], _ what: String) throws(SpecError) {
        for text in texts where text.utf8.contains(0) { throw SpecError("\(what): holds a NUL byte") }
    }
}

/// `NAME=value` entries with each name once, in order of first appearance.
struct EnvironmentList {
    private(set) var entries: [String] = []
    private var positions: [Substring: Int] = [:]

    mutating func set(_ name: String, _ value: String) { set(entry: "\(name)=\(value)") }

    /// An entry without `=` is taken as an empty value, as the images' `Env` may have it.
    mutating func set(entry: String) {
        let name = entry.prefix { $0 != "=" }
        guard !name.isEmpty else { return }
        let entry = name.endIndex == entry.endIndex ? entry + "=" : entry
        if let position = positions[name] {
            entries[position] = entry
        } else {
            positions[name] = entries.count
            entries.append(entry)
        }
    }

    func contains(_ name: String) -> Bool { positions[name[...]] != nil }
}
