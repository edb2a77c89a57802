internal import KubernetesAPI

/// What a failure's own text means, and what would mend it: the first row whose pattern is in the text.
struct Advice {
    var what: String
    var mends: [String]
}

/// A table of texts. Patterns are compared without regard to case.
struct AdviceTable {
    struct Row {
        var patterns: [String]
        var what: String
        var mend: String
        init(_ patterns: String..., what: String, mend: String) { (self.patterns, self.what, self.mend) = (patterns, what, mend) }
    }
    let rows: [Row]

    func first(in text: String) -> Row? {
        let text = text.lowercased()
        return rows.first { $0.patterns.contains { text.contains($0) } }
    }
}

/// Why a program could not be executed.
enum StartErrors {
    private static let table = AdviceTable(rows: [
        .init(
            "executable file not found", "no such file or directory", what: "the command is not in the image",
            mend:
                "check command and args: the image may have no such file, the script's #! line may name an interpreter that the image has not, or a volume may hide it"
        ),
        .init(
            "exec format error", what: "the file is no program for this machine",
            mend: "use an image for this machine's architecture; a script needs a #! line"),
        .init(
            "permission denied", what: "the command may not be executed",
            mend: "chmod +x in the image, or run as a user who may (securityContext.runAsUser)"),
        .init(
            "not a directory", what: "a mount's place or the working directory is no directory",
            mend: "compare mountPath, subPath and workingDir with what the image has there"),
        .init(
            "seccomp", what: "its seccomp profile could not be loaded",
            mend: "check securityContext.seccompProfile.localhostProfile: the file is read below the node's seccomp directory"),
        .init(
            "capabilit", what: "its capabilities could not be set",
            mend: "check securityContext.capabilities: the node itself may lack them"),
        .init("sysctl", what: "a kernel setting could not be written", mend: "check securityContext.sysctls"),
        .init("mount", what: "something could not be mounted", mend: "check volumeMounts: path, subPath, and whether the source is there"),
        .init(
            "cgroup", "no space left", what: "the kernel refused its limits",
            mend: "check resources.limits; swiftlet check says which controllers this machine has"),
    ])

    static func explain(_ message: String, _ container: Container) -> Advice {
        let command = (container.command + container.args).joined(separator: " ")
        guard let row = table.first(in: message) else { return Advice(what: message, mends: []) }
        return Advice(what: row.what + (command.isEmpty ? " (the image's own)" : ": \(command)"), mends: [row.mend])
    }
}

/// Why an image did not come.
enum PullErrors {
    private static let table = AdviceTable(rows: [
        .init(
            "x509", "certificate", "tls:", what: "the registry's certificate is not trusted",
            mend: "give the registry's CA to the node (certs.d), or use a registry with a known certificate"),
        .init(
            "toomanyrequests", "429", "rate limit", what: "the registry limits how often it is asked",
            mend: "give credentials (imagePullSecrets), or pull through a mirror"),
        .init(
            "unauthorized", "denied", "403", "401", "authentication required", what: "the registry refuses these credentials",
            mend:
                "give the pod an imagePullSecret for this registry, of type kubernetes.io/dockerconfigjson, in the pod's namespace; or the repository's name is wrong: registries say the same of both"
        ),
        .init(
            "no such host", "name resolution", "lookup ", "name or service not known", what: "the registry's name cannot be resolved",
            mend: "check the spelling of the registry's name and the node's DNS"),
        .init(
            "connection refused", what: "nobody listens at the registry's address",
            mend: "check the registry's address and port, and whether it is up"),
        .init(
            "timeout", "timed out", "deadline", "no route", "unreachable", what: "the registry cannot be reached from the node",
            mend: "check the node's network and proxy settings"),
        .init(
            "platform", "no match for", what: "the image is not there for this machine's architecture",
            mend: "build it for this architecture, or name another tag"),
        .init("no space", what: "the node's disk is full", mend: "free space (swiftlet image gc), or use a larger disk"),
        .init(
            "digest", what: "what came is not what the digest says",
            mend: "the registry or something on the way to it is broken: pull again, then look there"),
        .init(
            "http response to https", "plain http", what: "the registry does not speak TLS",
            mend: "mark it as plain in the node's registry configuration"),
        .init(
            "not found", "manifest unknown", "404", "does not exist", what: "there is no such image in the registry",
            mend: "check name and tag; on this machine swiftlet image import makes one present"),
    ])

    static func explain(_ message: String) -> AdviceTable.Row? { table.first(in: message) }
}
