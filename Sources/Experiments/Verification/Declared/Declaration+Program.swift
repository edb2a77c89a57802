internal import APIMachinery
internal import KubernetesAPI

extension Declaration {
    private static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// A value that is known, or only that there is a variable.
    enum Variable { case known(String), unknown(String) }

    /// The container's variables in order, the later over the earlier (API reference, Container v1 core).
    func environment(_ running: ContainerFacts, _ container: Container) -> [String: Variable] {
        var variables: [String: Variable] = [:]
        for source in container.envFrom {
            let name = source.configMapRef?.name ?? source.secretRef?.name ?? ""
            let data = source.configMapRef != nil ? facts.configMaps[name] : facts.secrets[name]
            for (key, value) in data ?? [:] { variables[(source.prefix ?? "") + key] = .known(value) }
        }
        for variable in container.env { if let value = value(variable, container, variables) { variables[variable.name] = value } }
        return variables
    }

    private func value(_ variable: EnvVar, _ container: Container, _ earlier: [String: Variable]) -> Variable? {
        guard let source = variable.valueFrom else { return expanded(variable.value ?? "", earlier) }
        if let field = source.fieldRef?.fieldPath { return self.field(field).map { .known($0) } ?? .unknown("fieldRef \(field)") }
        if let reference = source.configMapKeyRef {
            return taken(facts.configMaps[reference.name ?? ""], reference.key, reference.optional, "ConfigMap \(reference.name ?? "")")
        }
        if let reference = source.secretKeyRef {
            return taken(facts.secrets[reference.name ?? ""], reference.key, reference.optional, "Secret \(reference.name ?? "")")
        }
        return .unknown("resourceFieldRef")
    }

    /// - Returns: nil: the variable is not set, or may be left out.
    private func taken(_ data: [String: String]?, _ key: String, _ isOptional: Bool?, _ object: String) -> Variable? {
        if let value = data?[key] { return .known(value) }
        return isOptional ?? false ? nil : .unknown("key \(key) of \(object)")
    }

    private func field(_ path: String) -> String? {
        switch path {
        case "metadata.name": return pod.metadata.name
        case "metadata.namespace": return pod.metadata.namespace ?? "default"
        case "metadata.uid": return pod.metadata.uid
        case "spec.nodeName": return facts.node.name.isEmpty ? nil : facts.node.name
        case "spec.serviceAccountName": return spec.serviceAccountName ?? ""
        case "status.podIP": return isHostNetwork ? nil : facts.addresses.first
        case "status.podIPs": return isHostNetwork || facts.addresses.isEmpty ? nil : facts.addresses.joined(separator: ",")
        default: break
        }
        for (prefix, map) in [("metadata.labels['", pod.metadata.labels), ("metadata.annotations['", pod.metadata.annotations)] {
            if path.hasPrefix(prefix), path.hasSuffix("']") { return map[String(path.dropFirst(prefix.count).dropLast(2))] ?? "" }
        }
        return nil
    }

    /// `$(NAME)` of earlier ones; `$$` is a dollar.
    private func expanded(_ text: String, _ earlier: [String: Variable]) -> Variable {
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                result += "$"
                rest = rest.dropFirst()
            } else if rest.first == "(", let close = rest.firstIndex(of: ")") {
                let name = String(rest[rest.index(after: rest.startIndex)..<close])
                switch earlier[name] {
                case .known(let value)?: result += value
                case .unknown(let why)?: return .unknown(why)
                // It may be that of a Service, which is not known here.
                case nil: return .unknown("$(\(name))")
                }
                rest = rest[rest.index(after: close)...]
            } else {
                result += "$"
            }
        }
        return .known(result + rest)
    }

    func environmentExpectations(_ running: ContainerFacts, _ container: Container) -> [Expectation] {
        guard !isShell(running, container) else { return [] }
        let path = "\(container.name)/env"
        let variables = environment(running, container)
        var expectations = variables.sorted { $0.key < $1.key }.map { name, variable in
            switch variable {
            case .known(let value):
                Expectation("\(path)[\(name)]", .equals(value), why: "the program would do something else", formula: "env, envFrom")
            case .unknown(let source):
                Expectation("\(path)[\(name)]", .present, why: "the program would do something else", formula: source)
            }
        }
        guard facts.isManaged else { return expectations }
        func expect(_ name: String, _ value: String, _ formula: String) {
            guard variables[name] == nil else { return }
            expectations.append(
                Expectation("\(path)[\(name)]", .equals(value), why: "the program would do something else", formula: formula))
        }
        if !isHostNetwork { expect("HOSTNAME", hostnameOfEnvironment, "the pod's hostname") }
        guard let image = running.image else { return expectations }
        var known: Set<String> = ["PATH", "HOSTNAME", "HOME"]
        if container.tty ?? false { known.insert("TERM") }
        for entry in image.environment {
            let name = String(entry.prefix { $0 != "=" })
            known.insert(name)
            expect(name, String(entry.dropFirst(name.count + 1)), "the image's")
        }
        if !image.environment.contains(where: { $0.hasPrefix("PATH=") }) {
            expect("PATH", Self.defaultPath, "neither the image nor the container sets it")
        }
        expectations.append(
            Expectation(
                "\(path)/others", .sameMembers([]), why: "something of the machine's own environment would be seen inside",
                formula: "the image's, the container's, those of Services"))
        return expectations
    }

    private var hostnameOfEnvironment: String { hostname }

    /// Names of variables that there may be.
    func knownVariables(_ running: ContainerFacts, _ container: Container) -> [String] {
        let image = (running.image?.environment ?? []).map { String($0.prefix { $0 != "=" }) }
        return ["PATH", "HOSTNAME", "HOME", "TERM"] + image + environment(running, container).keys
    }

    // MARK: - What is started

    /// The command line: the container's over the image's.
    func arguments(_ running: ContainerFacts, _ container: Container) -> [String]? {
        let variables = environment(running, container)
        func expand(_ texts: [String]) -> [String]? {
            var result: [String] = []
            for text in texts {
                guard case .known(let value) = expanded(text, variables) else { return nil }
                result.append(value)
            }
            return result
        }
        guard let command = expand(container.command), let arguments = expand(container.args) else { return nil }
        if !command.isEmpty { return command + arguments }
        guard let image = running.image else { return nil }
        return image.entrypoint + (arguments.isEmpty ? image.cmd : arguments)
    }

    /// A shell starts other programs in its place, elsewhere and with other variables: then what runs is its own choice.
    func isShell(_ running: ContainerFacts, _ container: Container) -> Bool {
        guard let arguments = arguments(running, container), let first = arguments.first else { return true }
        let name = first.split(separator: "/").last.map(String.init) ?? first
        if name == "busybox", arguments.count > 1 { return Self.starters.contains(arguments[1]) }
        return Self.starters.contains(name) || name.hasSuffix(".sh")
    }

    private static let starters: Set<String> = [
        "sh", "bash", "ash", "dash", "zsh", "ksh", "env", "nohup", "setsid", "exec", "nice", "timeout", "su", "sudo", "gosu", "su-exec",
        "chroot", "tini",
        "dumb-init", "s6-svscan", "setpriv",
    ]

    /// Where the program may be, execvp(3).
    func program(_ running: ContainerFacts, _ container: Container) -> [String] {
        guard !isShell(running, container), let first = arguments(running, container)?.first else { return [] }
        if first.hasPrefix("/") { return [first] }
        if first.contains("/") { return ["\(workingDirectory(running, container))/\(first)"] }
        var path = (running.image?.environment ?? []).first { $0.hasPrefix("PATH=") }.map { String($0.dropFirst(5)) } ?? Self.defaultPath
        if case .known(let own)? = environment(running, container)["PATH"] { path = own }
        return path.split(separator: ":").map { "\($0)/\(first)" }
    }

    private func workingDirectory(_ running: ContainerFacts, _ container: Container) -> String {
        let image = running.image?.workingDirectory ?? ""
        let directory = container.workingDir ?? ""
        return directory.isEmpty ? (image.isEmpty ? "/" : image) : directory
    }

    func programExpectations(_ running: ContainerFacts, _ container: Container) -> [Expectation] {
        guard !isShell(running, container), running.image != nil || container.workingDir != nil || !container.command.isEmpty else {
            return []
        }
        let path = "\(container.name)/process"
        var expectations: [Expectation] = []
        if running.image != nil || container.workingDir != nil {
            expectations.append(
                Expectation(
                    "\(path)/cwd", .equals(normalized(workingDirectory(running, container))),
                    why: "relative paths of the program lead elsewhere",
                    formula: container.workingDir == nil ? "the image's working directory, else /" : "workingDir"))
        }
        guard let arguments = arguments(running, container), !arguments.isEmpty else { return expectations }
        expectations += [
            Expectation(
                "\(path)/exe", .equals("the declared program"), why: "another program runs",
                formula: "command, args, the image's entrypoint and cmd"),
            Expectation(
                "\(path)/arguments", .equals(arguments.joined(separator: " ")), why: "the program was started otherwise",
                formula: "command, args, the image's entrypoint and cmd"),
        ]
        return expectations
    }
}
