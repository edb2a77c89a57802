internal import APIMachinery
internal import LinuxSystem

extension SeccompFilter {
    /// Compiles a profile file of type `Localhost` for a container with this bounding set.
    ///
    /// - Throws: `SystemError` for a file that cannot be read; `SeccompProfileError` with the file and the field that is wrong.
    static func load(localhostProfile path: String, capabilities: CapabilitySet) throws -> SeccompFilter {
        let bytes = try Files.read(path, limit: 4 << 20)
        do {
            let profile = try SeccompProfile(json: try JSONValue(parsing: bytes))
            return try SeccompFilter(profile: profile, capabilities: capabilities)
        } catch {
            throw SeccompProfileError(path: path, cause: error)
        }
    }
}

/// `seccomp profile /var/lib/kubelet/seccomp/web.json: syscalls[3].action: unknown action "SCMP_ACT_ALOW"`.
package struct SeccompProfileError: Error, CustomStringConvertible {
    var path: String
    var cause: any Error
    package var description: String { "seccomp profile \(path): \(cause)" }
}

/// A field of a profile that cannot be understood.
struct SeccompFieldError: Error, CustomStringConvertible {
    let description: String
    init(_ path: String, _ problem: String) { description = "\(path): \(problem)" }
}

/// The format of OCI's runtime-spec (`linux.seccomp`) with docker's additions: archMap, includes, excludes. Fields that neither
/// defines are ignored, as Go's decoder does.
extension SeccompProfile {
    init(json: JSONValue) throws(SeccompFieldError) {
        let top = try SeccompFields(json, "profile")
        guard let action = try top.text("defaultAction") else { throw SeccompFieldError("defaultAction", "is required") }
        let defaultAction = try SeccompAction(name: action, errno: try top.number("defaultErrnoRet"), "defaultAction")
        if try top.text("listenerPath").map({ !$0.isEmpty }) == true {
            throw SeccompFieldError("listenerPath", "notification of a listener is not supported")
        }
        var rules: [Rule] = []
        for item in try top.objects("syscalls") { rules += try Rule.parse(item) }
        self.init(
            defaultAction: defaultAction, architectures: try Self.architectures(top), rules: rules, flags: try Self.flags(top))
    }

    private static func architectures(_ top: SeccompFields) throws(SeccompFieldError) -> [SeccompArchitecture] {
        let names = try top.texts("architectures")
        let map = try top.objects("archMap")
        guard names.isEmpty || map.isEmpty else { throw SeccompFieldError("archMap", "must not be given together with architectures") }
        for entry in map {
            guard let name = try entry.text("architecture"), SeccompArchitecture(name: name) == .machine else { continue }
            return [.machine] + (try entry.texts("subArchitectures")).compactMap(SeccompArchitecture.init(name:))
        }
        // The machine's own one is always in libseccomp's filters.
        let listed = names.compactMap(SeccompArchitecture.init(name:))
        return listed.contains(.machine) ? listed : [.machine] + listed
    }

    private static func flags(_ top: SeccompFields) throws(SeccompFieldError) -> SeccompFilter.Flags? {
        guard top.has("flags") else { return nil }
        var flags: SeccompFilter.Flags = []
        for name in try top.texts("flags") {
            switch name {
            case "SECCOMP_FILTER_FLAG_LOG": flags.insert(.log)
            case "SECCOMP_FILTER_FLAG_SPEC_ALLOW": flags.insert(.allowSpeculation)
            // One thread loads the filter before there are others; and without a listener nothing waits.
            case "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV": break
            default: throw SeccompFieldError("flags", "unknown flag \"\(name)\"")
            }
        }
        return flags
    }
}

extension SeccompProfile.Rule {
    /// Several conditions on one argument are alternatives, as in runc: each becomes a rule.
    fileprivate static func parse(_ fields: SeccompFields) throws(SeccompFieldError) -> [SeccompProfile.Rule] {
        var names = try fields.texts("names")
        if let name = try fields.text("name"), !name.isEmpty { names.append(name) }
        guard !names.isEmpty else { throw SeccompFieldError("\(fields.path).names", "is required") }
        guard let actionName = try fields.text("action") else { throw SeccompFieldError("\(fields.path).action", "is required") }
        let action = try SeccompAction(name: actionName, errno: try fields.number("errnoRet"), "\(fields.path).action")
        var arguments: [SeccompArgument] = []
        for item in try fields.objects("args") { arguments.append(try SeccompArgument(item)) }
        let includes = try SeccompProfile.Condition(try fields.object("includes"))
        let excludes = try SeccompProfile.Condition(try fields.object("excludes"))
        let areAlternatives = Set(arguments.map(\.index)).count < arguments.count
        return (areAlternatives ? arguments.map { [$0] } : [arguments]).map {
            SeccompProfile.Rule(names, action, arguments: $0, includes: includes, excludes: excludes)
        }
    }
}

extension SeccompProfile.Condition {
    fileprivate init(_ fields: SeccompFields?) throws(SeccompFieldError) {
        self.init()
        guard let fields else { return }
        for name in try fields.texts("caps") {
            guard let capability = CapabilitySet(name: name) else {
                throw SeccompFieldError("\(fields.path).caps", "unknown capability \"\(name)\"")
            }
            capabilities.formUnion(capability)
        }
        let names = try fields.texts("arches")
        architectures = names.compactMap(SeccompArchitecture.init(name:))
        // Only foreign ones: a condition that never holds here.
        if architectures.isEmpty, !names.isEmpty { architectures = SeccompArchitecture.allCases.filter { $0 != .machine } }
        if let text = try fields.text("minKernel"), !text.isEmpty {
            guard let version = KernelVersion(release: text) else {
                throw SeccompFieldError("\(fields.path).minKernel", "\"\(text)\" is no kernel version")
            }
            minimumKernel = version
        }
    }
}

extension SeccompArgument {
    fileprivate init(_ fields: SeccompFields) throws(SeccompFieldError) {
        let index = try fields.number("index") ?? 0
        guard (0...5).contains(index) else { throw SeccompFieldError("\(fields.path).index", "\(index) is not between 0 and 5") }
        let value = try fields.unsigned("value")
        guard let name = try fields.text("op") else { throw SeccompFieldError("\(fields.path).op", "is required") }
        switch name {
        case "SCMP_CMP_NE": self.init(Int(index), .notEqual, value)
        case "SCMP_CMP_LT": self.init(Int(index), .less, value)
        case "SCMP_CMP_LE": self.init(Int(index), .lessOrEqual, value)
        case "SCMP_CMP_EQ": self.init(Int(index), .equal, value)
        case "SCMP_CMP_GE": self.init(Int(index), .greaterOrEqual, value)
        case "SCMP_CMP_GT": self.init(Int(index), .greater, value)
        // `value` is the mask here, `valueTwo` what is left of the argument.
        case "SCMP_CMP_MASKED_EQ": self.init(Int(index), .maskedEqual(mask: value), try fields.unsigned("valueTwo"))
        default: throw SeccompFieldError("\(fields.path).op", "unknown comparison \"\(name)\"")
        }
    }
}

extension SeccompAction {
    /// - Parameter errno: What ERRNO and TRACE carry; EPERM when not given.
    fileprivate init(name: String, errno: Int64?, _ path: String) throws(SeccompFieldError) {
        guard let data = UInt16(exactly: errno ?? 1) else { throw SeccompFieldError(path, "errno \(errno ?? 0) is out of range") }
        switch name {
        case "SCMP_ACT_ALLOW": self = .allow
        case "SCMP_ACT_ERRNO": self = .errno(data)
        case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD": self = .killThread
        case "SCMP_ACT_KILL_PROCESS": self = .killProcess
        case "SCMP_ACT_TRAP": self = .trap
        case "SCMP_ACT_TRACE": self = .trace(data)
        case "SCMP_ACT_LOG": self = .log
        case "SCMP_ACT_NOTIFY": throw SeccompFieldError(path, "SCMP_ACT_NOTIFY needs a listener, which is not supported")
        default: throw SeccompFieldError(path, "unknown action \"\(name)\"")
        }
    }
}
